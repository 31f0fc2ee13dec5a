//! What was measured, for people and for programs.

use std::fmt;

use serde_json::{Value, json};

use crate::machine;

/// One figure beside its base, and what it may be.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The budget's number, or nothing for what is only shown.
    pub(crate) budget: &'static str,
    pub(crate) case: String,
    pub(crate) ours: f64,
    pub(crate) base: Option<f64>,
    pub(crate) ratio: Option<f64>,
    pub(crate) limit: Option<Limit>,
    pub(crate) runs: usize,
    /// The quartiles of what the limit is for.
    pub(crate) spread: (f64, f64),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    /// What the limit is for: the ratio where there is one.
    fn judged(&self) -> f64 {
        self.ratio.unwrap_or(self.ours)
    }

    /// `None` for what is only shown.
    fn holds(&self) -> Option<bool> {
        Some(match self.limit? {
            Limit::AtLeast(limit) => self.judged() >= limit,
            Limit::AtMost(limit) => self.judged() <= limit,
        })
    }

    fn json(&self) -> Value {
        json!({
            "budget": self.budget,
            "case": self.case,
            "ours": self.ours,
            "base": self.base,
            "ratio": self.ratio,
            "limit": self.limit.map(|limit| limit.to_string()),
            "holds": self.holds(),
            "runs": self.runs,
            "spread": [self.spread.0, self.spread.1],
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(limit) => write!(f, ">= {limit}"),
            Self::AtMost(limit) => write!(f, "<= {limit}"),
        }
    }
}

/// All rows of a run, and where it was.
#[derive(Debug)]
pub(crate) struct Report {
    machine: Value,
    versions: Vec<(&'static str, String)>,
    rows: Vec<Row>,
}

/// What one part has to say.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) versions: Vec<(&'static str, String)>,
    pub(crate) rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { machine: machine::describe(), versions: Vec::new(), rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, part: Part) {
        let known: Vec<_> = self.versions.iter().map(|(name, _)| *name).collect();
        self.versions.extend(part.versions.into_iter().filter(|(name, _)| !known.contains(name)));
        self.rows.extend(part.rows);
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
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.machine)?;
        for (name, version) in &self.versions {
            writeln!(f, "{name} {version}")?;
        }
        writeln!(
            f,
            "\n{:<6} {:<58} {:>12} {:>12} {:>7} {:>16} {:>9} {:>6} {:>5}",
            "", "", "ours", "base", "ratio", "quartiles", "limit", "holds", "runs"
        )?;
        for row in &self.rows {
            let or_dash = |figure: Option<String>| figure.unwrap_or_else(|| "-".into());
            writeln!(
                f,
                "{:<6} {:<58} {:>12.1} {:>12} {:>7} {:>16} {:>9} {:>6} {:>5}",
                row.budget,
                row.case,
                row.ours,
                or_dash(row.base.map(|base| format!("{base:.1}"))),
                or_dash(row.ratio.map(|ratio| format!("{ratio:.3}"))),
                format!("{:.3} to {:.3}", row.spread.0, row.spread.1),
                or_dash(row.limit.map(|limit| limit.to_string())),
                or_dash(row.holds().map(|holds| if holds { "yes" } else { "NO" }.into())),
                row.runs,
            )?;
        }
        Ok(())
    }
}
