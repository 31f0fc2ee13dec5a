//! A picture of the run: latency and throughput over time, with what happened marked.

use std::fmt::Write;
use std::time::Duration;

use tokio::time::Instant;

use crate::databases::Region;
use crate::load::Call;
use crate::timeline::{Marks, Moment};

/// Calls are drawn in groups by the time of their end.
const GROUP: Duration = Duration::from_millis(100);

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 600.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 20.0;
const LATENCY: Panel = Panel { top: 160.0, bottom: 370.0 };
const THROUGHPUT: Panel = Panel { top: 420.0, bottom: 550.0 };

/// The strip that shows which database serves.
const SERVING: Panel = Panel { top: 112.0, bottom: 128.0 };

/// The heights of the labels of what happened; a label takes the first in which it hides none.
const ROWS: [f64; 3] = [66.0, 82.0, 98.0];

/// About as wide as a character of a label.
const CHARACTER: f64 = 6.3;

/// The latency axis is logarithmic, and shows powers of ten of a millisecond: these at least.
const LEAST_POWERS: std::ops::RangeInclusive<i32> = -2..=1;

const MEDIAN: &str = "#1f6feb";
const MAXIMUM: &str = "#d1242f";
const RATE: &str = "#1a7f37";
const BROKEN: &str = "#ffebe9";

/// The calls that ended within one [`GROUP`].
#[derive(Debug, Clone, Default)]
struct Group(Vec<f64>);

impl Group {
    fn median(&self) -> Option<f64> {
        self.0.get(self.0.len() / 2).copied()
    }

    fn max(&self) -> Option<f64> {
        self.0.last().copied()
    }

    fn rate(&self) -> f64 {
        self.0.len() as f64 / GROUP.as_secs_f64()
    }
}

#[derive(Debug, Clone, Copy)]
struct Panel {
    top: f64,
    bottom: f64,
}

impl Panel {
    /// The height of a share of the panel, 0 at its bottom and 1 at its top.
    fn y(self, share: f64) -> f64 {
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top)
    }
}

/// The picture as the text of an SVG file.
pub(crate) fn draw(
    title: &str,
    subtitle: &str,
    marks: &Marks,
    calls: &[Call],
    highlights: &[Moment],
) -> String {
    let groups = grouped(marks.began, calls);
    let axes = Axes::of(&groups);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"16\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    text(&mut svg, LEFT, 42.0, "start", "#555", subtitle);

    if let (Some(broken), Some(healed)) = (marks.broken, marks.healed) {
        let (from, to) = (axes.x(since(marks, broken)), axes.x(since(marks, healed)));
        rect(&mut svg, from, to, Panel { top: SERVING.top, bottom: THROUGHPUT.bottom }, BROKEN);
    }
    axes.draw(&mut svg);
    serving(&mut svg, &axes, marks, calls);

    text(&mut svg, LEFT, LATENCY.top - 10.0, "start", MEDIAN, "latency, median of 100 ms");
    text(&mut svg, LEFT + 170.0, LATENCY.top - 10.0, "start", MAXIMUM, "latency, slowest of 100 ms");
    let numbered: Vec<_> = groups.iter().enumerate().collect();
    let points = |groups: &[(usize, &Group)], of: fn(&Group) -> Option<f64>| -> Vec<_> {
        let point =
            |(index, group): &(usize, &Group)| Some((axes.x_of_group(*index), axes.y_of_latency(of(group)?)));
        groups.iter().filter_map(point).collect()
    };
    for (x, y) in points(&numbered, Group::max) {
        line(&mut svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"{MAXIMUM}\"/>"));
    }
    // Where no call ended there is no latency, and no line.
    for unbroken in numbered.chunk_by(|(_, one), (_, next)| one.median().is_some() && next.median().is_some())
    {
        path(&mut svg, MEDIAN, &points(unbroken, Group::median));
    }

    text(&mut svg, LEFT, THROUGHPUT.top - 10.0, "start", RATE, "calls per second");
    let rate = |(index, group): (usize, &Group)| {
        (axes.x_of_group(index), THROUGHPUT.y(group.rate() / axes.top_rate))
    };
    // The last group ended before its time.
    let whole = groups.iter().enumerate().take(groups.len().saturating_sub(1));
    path(&mut svg, RATE, &whole.map(rate).collect::<Vec<_>>());

    happened(&mut svg, &axes, highlights);
    svg.push_str("</svg>\n");
    svg
}

fn since(marks: &Marks, at: Instant) -> f64 {
    at.saturating_duration_since(marks.began).as_secs_f64()
}

fn grouped(began: Instant, calls: &[Call]) -> Vec<Group> {
    let index =
        |call: &Call| (call.at.saturating_duration_since(began).as_nanos() / GROUP.as_nanos()) as usize;
    let mut groups = vec![Group::default(); calls.iter().map(index).max().map_or(0, |last| last + 1)];
    for call in calls {
        groups[index(call)].0.push(call.latency.as_secs_f64() * 1000.0);
    }
    for group in &mut groups {
        group.0.sort_by(f64::total_cmp);
    }
    groups
}

/// What time, latency and throughput are on paper.
struct Axes {
    /// In seconds, as all times here.
    end: f64,
    powers: std::ops::RangeInclusive<i32>,
    top_rate: f64,
}

impl Axes {
    fn of(groups: &[Group]) -> Self {
        let slowest = groups.iter().filter_map(Group::max).fold(0.0, f64::max);
        let fastest = groups.iter().filter_map(Group::median).fold(f64::INFINITY, f64::min);
        let power = |ms: f64| ms.clamp(1e-3, 1e5).log10();
        let low = (power(fastest).floor() as i32).min(*LEAST_POWERS.start());
        let high = (power(slowest).ceil() as i32).max(*LEAST_POWERS.end());
        let most = groups.iter().map(Group::rate).fold(1.0, f64::max);
        // Up to the next round number, so that the line does not lie on the edge.
        let step = 10f64.powf(most.log10().floor()) / 2.0;
        Self {
            end: groups.len().max(1) as f64 * GROUP.as_secs_f64(),
            powers: low..=high,
            top_rate: (most * 1.05 / step).ceil() * step,
        }
    }

    fn x(&self, at: f64) -> f64 {
        LEFT + at.min(self.end) / self.end * (WIDTH - LEFT - RIGHT)
    }

    fn x_of_group(&self, index: usize) -> f64 {
        self.x((index as f64 + 0.5) * GROUP.as_secs_f64())
    }

    fn y_of_latency(&self, ms: f64) -> f64 {
        let (low, high) = (f64::from(*self.powers.start()), f64::from(*self.powers.end()));
        LATENCY.y((ms.max(f64::MIN_POSITIVE).log10() - low) / (high - low))
    }

    fn draw(&self, svg: &mut String) {
        for power in self.powers.clone() {
            let ms = 10f64.powi(power);
            grid(svg, self.y_of_latency(ms), &format!("{ms} ms"));
        }
        for share in [0.0, 0.5, 1.0] {
            grid(svg, THROUGHPUT.y(share), &format!("{:.0}", share * self.top_rate));
        }
        let mut second = 0.0;
        while second <= self.end {
            text(svg, self.x(second), THROUGHPUT.bottom + 18.0, "middle", "#444", &format!("{second} s"));
            second += 1.0;
        }
    }
}

fn grid(svg: &mut String, y: f64, label: &str) {
    let end = WIDTH - RIGHT;
    line(svg, format_args!("<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{end}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>"));
    text(svg, LEFT - 8.0, y + 4.0, "end", "#444", label);
}

/// A strip in the colour of the database that answers.
fn serving(svg: &mut String, axes: &Axes, marks: &Marks, calls: &[Call]) {
    text(svg, LEFT - 8.0, SERVING.bottom - 4.0, "end", "#444", "served by");
    let mut runs: Vec<(Region, f64)> = Vec::new();
    for call in calls {
        let Some(region) = call.served_by() else { continue };
        if runs.last().is_none_or(|(last, _)| *last != region) {
            runs.push((region, since(marks, call.at)));
        }
    }
    let ends = runs.iter().skip(1).map(|(_, begin)| *begin).chain([axes.end]);
    for ((region, begin), end) in runs.iter().zip(ends) {
        let (from, to) = (axes.x(*begin), axes.x(end));
        let colour = match region {
            Region::Primary => "#54aeff",
            Region::Secondary => "#e3b341",
        };
        rect(svg, from, to, SERVING, colour);
        if to - from > region.name().len() as f64 * CHARACTER {
            text(svg, (from + to) / 2.0, SERVING.bottom - 4.0, "middle", "#111", region.name());
        }
    }
}

/// A vertical line through both panels for each moment, and labels that do not hide one another.
fn happened(svg: &mut String, axes: &Axes, highlights: &[Moment]) {
    let mut taken = [LEFT; ROWS.len()];
    for highlight in highlights {
        let x = axes.x(highlight.at.as_secs_f64());
        let width = highlight.what.len() as f64 * CHARACTER;
        let (anchor, from) = if x + width < WIDTH { ("start", x + 4.0) } else { ("end", x - 4.0 - width) };
        let row = taken.iter().position(|end| *end <= from).unwrap_or(ROWS.len() - 1);
        taken[row] = from + width;
        let (top, bottom) = (ROWS[row] - 10.0, THROUGHPUT.bottom);
        line(
            svg,
            format_args!(
                "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#555\" stroke-dasharray=\"4 3\"/>"
            ),
        );
        let beside = if anchor == "start" { x + 4.0 } else { x - 4.0 };
        text(svg, beside, ROWS[row], anchor, "#111", &highlight.what);
    }
}

fn rect(svg: &mut String, from: f64, to: f64, panel: Panel, colour: &str) {
    let (top, width, height) = (panel.top, to - from, panel.bottom - panel.top);
    line(
        svg,
        format_args!(
            "<rect x=\"{from:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\"/>"
        ),
    );
}

fn path(svg: &mut String, colour: &str, points: &[(f64, f64)]) {
    let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let points = points.join(" ");
    line(
        svg,
        format_args!(
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
        ),
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, colour: &str, what: &str) {
    let what = escaped(what);
    line(
        svg,
        format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{what}</text>"
        ),
    );
}

fn escaped(what: &str) -> String {
    what.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn line(svg: &mut String, element: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(svg, "{element}");
}
