//! Which series become which plots.

use super::axis::{Axis, Scale};
use super::input::{Line, Series};
use super::plot::{Drawn, Marks, Plot};

/// A plot with its place on the page.
pub(super) struct Picture {
    pub(super) name: &'static str,
    /// What it shows, for those who cannot see it.
    pub(super) alt: &'static str,
    pub(super) caption: &'static str,
    pub(super) plot: Plot,
}

impl Picture {
    pub(super) fn file(&self) -> String {
        format!("{}.svg", self.name)
    }
}

/// All whose series are there.
pub(super) fn of(series: &[Series]) -> Vec<Picture> {
    let named = |name: &str| series.iter().find(|series| series.name == name);
    let mut pictures = Vec::new();
    if let Some(series) = named("failover-sigkill") {
        pictures.push(Picture {
            name: "failover-sigkill",
            alt: "Latency of calls before and after the primary is killed, ours and redis-py's",
            caption: "The primary is killed at 0. Each point is the slowest of the calls that began within a hundredth \
                      of a second; a cross is a call that failed.",
            plot: failover(series),
        });
    }
    if let Some(series) = named("failover-sigstop") {
        pictures.push(Picture {
            name: "failover-sigstop",
            alt: "Latency of calls before and after the primary is stopped, ours and redis-py's",
            caption: "The primary is stopped at 0: it keeps its connections, and answers nothing.",
            plot: failover(series),
        });
    }
    if let Some(series) = named("callers") {
        pictures.push(Picture {
            name: "callers",
            alt: "Commands a second against the number of concurrent callers",
            caption: "Callers share one connection to a server that has a processor to itself. One of ours takes in \
                      more calls at a time than redis-rs does by default; redis-rs with *our buffer* takes in as many, \
                      and shows what that alone does.",
            plot: callers(series),
        });
    }
    let counted: Vec<_> = ["members", "clones", "window"].into_iter().filter_map(named).collect();
    let instructions = cost(&counted, "instructions a call", |line| !line.label.ends_with(NANOS));
    let nanoseconds =
        cost(&counted, "nanoseconds of the processor's time a call", |line| line.label.ends_with(NANOS));
    if let Some(plot) = instructions {
        pictures.push(Picture {
            name: "cost-instructions",
            alt: "Instructions a call against the number of databases, of clones, and of calls in the window",
            caption: "All layers, and for the window the failure detector alone, on a service that is pending once.",
            plot,
        });
    }
    if let Some(plot) = nanoseconds {
        pictures.push(Picture {
            name: "cost-nanoseconds",
            alt: "Time of a call against the number of databases, of clones, and of calls in the window",
            caption: "The same in time. Ten thousand clones that are called in turn do not fit into the nearest cache.",
            plot,
        });
    }
    pictures
}

/// How labels of lines end that are in nanoseconds.
const NANOS: &str = ", ns";

/// Each label has a colour; what failed has crosses of the same.
fn failover(series: &Series) -> Plot {
    let mut labels: Vec<&str> = Vec::new();
    let mut drawn = Vec::new();
    for line in &series.lines {
        if !labels.contains(&line.label.as_str()) {
            labels.push(&line.label);
        }
        let colour = labels.iter().position(|label| *label == line.label).unwrap_or_default();
        if line.points.is_empty() {
            continue;
        }
        let label = if line.failed { format!("{}, failed", line.label) } else { line.label.clone() };
        let marks = if line.failed { Marks::Crosses } else { Marks::Points };
        drawn.push(Drawn { label, colour, marks, points: line.points.clone() });
    }
    let points = || series.lines.iter().flat_map(|line| &line.points);
    Plot {
        x: Axis::new(&series.x, Scale::Linear, points().map(|(x, _)| *x)),
        y: Axis::new(&series.y, Scale::Logarithmic, points().map(|(_, y)| *y)),
        drawn,
    }
}

fn callers(series: &Series) -> Plot {
    let points = || series.lines.iter().flat_map(|line| &line.points);
    Plot {
        x: Axis::new(&series.x, Scale::AtThese, points().map(|(x, _)| *x)),
        y: Axis::new(&series.y, Scale::FromZero, points().map(|(_, y)| *y)),
        drawn: lines(&series.lines),
    }
}

fn lines(lines: &[Line]) -> Vec<Drawn> {
    let drawn = lines.iter().filter(|line| !line.points.is_empty()).enumerate().map(|(colour, line)| Drawn {
        label: line.label.clone(),
        colour,
        marks: Marks::Line,
        points: line.points.clone(),
    });
    drawn.collect()
}

/// One line of each series: cost against what there are so many of.
fn cost(series: &[&Series], unit: &str, wanted: impl Fn(&Line) -> bool) -> Option<Plot> {
    let lines: Vec<Line> = series
        .iter()
        .filter_map(|series| {
            let line = series.lines.iter().find(|line| wanted(line) && !line.points.is_empty())?;
            Some(Line { label: series.x.clone(), ..line.clone() })
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let points = || lines.iter().flat_map(|line| &line.points);
    Some(Plot {
        x: Axis::new("how many there are", Scale::Logarithmic, points().map(|(x, _)| *x)),
        y: Axis::new(unit, Scale::FromZero, points().map(|(_, y)| *y)),
        drawn: self::lines(&lines),
    })
}
