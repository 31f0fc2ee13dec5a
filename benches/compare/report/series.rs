//! What is told point by point, for plots.

use serde_json::{Value, json};

/// One plot.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// What the first number of a point is.
    pub(crate) x: &'static str,
    /// What the second number of a point is.
    pub(crate) y: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// One line of it, or one kind of dots.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) label: String,
    /// Whether its points are calls that failed.
    pub(crate) failed: bool,
    /// In the order of their first numbers.
    pub(crate) points: Vec<(f64, f64)>,
}

impl Line {
    /// Of what did not fail.
    pub(crate) fn new(label: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { label: label.into(), failed: false, points }
    }

    fn json(&self) -> Value {
        json!({ "label": self.label, "failed": self.failed, "points": self.points })
    }
}

impl Series {
    pub(super) fn json(&self) -> Value {
        let lines: Vec<Value> = self.lines.iter().map(Line::json).collect();
        json!({ "name": self.name, "x": self.x, "y": self.y, "lines": lines })
    }
}

/// Of the points in each step of `step`, the one that is highest.
pub(crate) fn highest(points: impl IntoIterator<Item = (f64, f64)>, step: f64) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = points.into_iter().collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let steps = points.chunk_by(|one, other| (one.0 / step).floor() == (other.0 / step).floor());
    steps.filter_map(|step| step.iter().copied().max_by(|one, other| one.1.total_cmp(&other.1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_step_the_highest_point_is_left() {
        let points = [(0.5, 1.0), (0.011, 2.0), (0.019, 3.0), (-0.001, 4.0), (0.02, 5.0)];
        assert_eq!(highest(points, 0.01), [(-0.001, 4.0), (0.019, 3.0), (0.02, 5.0), (0.5, 1.0)]);
    }

    #[test]
    fn a_point_is_two_numbers() {
        let line = Line::new("ours", vec![(1.0, 2.5)]);
        let series = Series { name: "callers", x: "callers", y: "commands a second", lines: vec![line] };
        assert_eq!(series.json()["lines"][0]["points"], json!([[1.0, 2.5]]));
    }
}
