//! What a page is made of: reports as `--json` writes them.

use serde_json::Value;

/// One or more reports, one after the other.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// Of the first report: what it is called, and what it is.
    pub(super) machine: Vec<(String, String)>,
    pub(super) versions: Vec<(String, String)>,
    pub(super) rows: Vec<Row>,
    pub(super) series: Vec<Series>,
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Empty for what is only shown.
    pub(super) budget: String,
    pub(super) case: String,
    /// `None` where it was not run.
    pub(super) figure: Option<f64>,
    pub(super) base: Option<f64>,
    pub(super) ratio: Option<f64>,
    pub(super) limit: Option<String>,
    pub(super) holds: Option<bool>,
    pub(super) runs: u64,
    pub(super) spread: Option<(f64, f64)>,
}

#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) label: String,
    /// Its points are calls that failed.
    pub(super) failed: bool,
    pub(super) points: Vec<(f64, f64)>,
}

impl Input {
    pub(super) fn read(reports: &[Value]) -> Self {
        let mut input = Self::default();
        for report in reports {
            if input.machine.is_empty() {
                input.machine = pairs(&report["machine"]);
            }
            for (name, version) in pairs(&report["versions"]) {
                if input.versions.iter().all(|(known, _)| *known != name) {
                    input.versions.push((name, version));
                }
            }
            input.rows.extend(list(&report["rows"]).iter().map(row));
            input.series.extend(list(&report["series"]).iter().map(series));
        }
        input
    }

    /// When the first report was begun.
    pub(super) fn begun(&self) -> Option<&str> {
        self.machine.iter().find(|(name, _)| name == "begun").map(|(_, begun)| begun.as_str())
    }
}

fn row(row: &Value) -> Row {
    let figure = |name: &str| row[name].as_f64();
    Row {
        budget: text(&row["budget"]),
        case: text(&row["case"]),
        figure: figure("ours"),
        base: figure("base"),
        ratio: figure("ratio"),
        limit: row["limit"].as_str().map(str::to_owned),
        holds: row["holds"].as_bool(),
        runs: row["runs"].as_u64().unwrap_or_default(),
        spread: point(&row["spread"]),
    }
}

fn series(series: &Value) -> Series {
    let lines = list(&series["lines"]).iter().map(|line| Line {
        label: text(&line["label"]),
        failed: line["failed"].as_bool().unwrap_or_default(),
        points: list(&line["points"]).iter().filter_map(point).collect(),
    });
    Series {
        name: text(&series["name"]),
        x: text(&series["x"]),
        y: text(&series["y"]),
        lines: lines.collect(),
    }
}

/// `None` if one of both is no number.
fn point(pair: &Value) -> Option<(f64, f64)> {
    Some((pair[0].as_f64()?, pair[1].as_f64()?))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn pairs(object: &Value) -> Vec<(String, String)> {
    let pairs = object.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.replace('_', " "), text(value))).collect()
}

/// A string without its quotes.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
