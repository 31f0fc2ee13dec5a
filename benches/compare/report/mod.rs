//! What was measured, for people and for programs.

mod row;
mod series;

use std::fmt;

use serde_json::{Value, json};

use crate::machine;

pub(crate) use row::{Limit, Row};
pub(crate) use series::{Line, Series, highest};

/// All rows of a run, and where it was.
#[derive(Debug)]
pub(crate) struct Report {
    machine: Value,
    versions: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    series: Vec<Series>,
}

/// What one part has to say.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) versions: Vec<(&'static str, String)>,
    pub(crate) rows: Vec<Row>,
    pub(crate) series: Vec<Series>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            machine: machine::describe(),
            versions: machine::versions(),
            rows: Vec::new(),
            series: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, part: Part) {
        for (name, version) in part.versions {
            if self.versions.iter().all(|(known, _)| *known != name) {
                self.versions.push((name, version));
            }
        }
        self.rows.extend(part.rows);
        self.series.extend(part.series);
    }

    /// Whether all that have a limit keep it.
    pub(crate) fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.holds() != Some(false))
    }

    pub(crate) fn json(&self) -> Value {
        let versions: serde_json::Map<_, _> =
            self.versions.iter().map(|(name, version)| ((*name).to_owned(), json!(version))).collect();
        json!({
            "machine": self.machine,
            "versions": versions,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "series": self.series.iter().map(Series::json).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(machine) = self.machine.as_object() {
            for (name, value) in machine {
                writeln!(f, "{}: {value}", name.replace('_', " "))?;
            }
        }
        for (name, version) in &self.versions {
            writeln!(f, "{name}: {version}")?;
        }
        let width = self.rows.iter().map(|row| row.case.len()).max().unwrap_or_default();
        writeln!(
            f,
            "\n{:<6} {:<width$} {:>11} {:>11} {:>7} {:>20} {:>9} {:>6} {:>5}",
            "budget", "case", "figure", "base", "ratio", "quartiles", "limit", "holds", "runs"
        )?;
        for row in &self.rows {
            let or_dash = |figure: Option<String>| figure.unwrap_or_else(|| "-".into());
            let decimals = if row.ratio.is_some() { 3 } else { 1 };
            writeln!(
                f,
                "{:<6} {:<width$} {:>11} {:>11} {:>7} {:>20} {:>9} {:>6} {:>5}",
                row.budget,
                row.case,
                or_dash(row.ours.map(|ours| format!("{ours:.1}"))),
                or_dash(row.base.map(|base| format!("{base:.1}"))),
                or_dash(row.ratio.map(|ratio| format!("{ratio:.3}"))),
                format!("{:.decimals$} to {:.decimals$}", row.spread.0, row.spread.1),
                or_dash(row.limit.map(|limit| limit.to_string())),
                or_dash(row.holds().map(|holds| if holds { "yes" } else { "NO" }.into())),
                row.runs,
            )?;
        }
        let missed = self.rows.iter().filter(|row| row.holds() == Some(false)).count();
        let judged = self.rows.iter().filter(|row| row.holds().is_some()).count();
        write!(f, "\n{} of {judged} limits hold", judged - missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_holds_until_one_row_misses() {
        let mut report = Report::new();
        let row = |figure| Row::once("cost", figure).budget("P2", Limit::AtMost(1.0));
        report.add(Part { rows: vec![row(1.0), Row::once("shown", 9.0)], ..Part::default() });
        assert!(report.holds());
        report.add(Part { rows: vec![row(1.1)], ..Part::default() });
        assert!(!report.holds());
        assert_eq!(report.json()["rows"][2]["holds"], false);
    }

    #[test]
    fn a_version_is_told_once() {
        let mut report = Report::new();
        let known = report.versions.len();
        for version in ["7.0", "8.0"] {
            report.add(Part { versions: vec![("server", version.into())], ..Part::default() });
        }
        assert_eq!(report.versions[known..], [("server", "7.0".to_owned())]);
    }
}
