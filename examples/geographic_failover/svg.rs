//! A picture of the run: latency and throughput over time, with what happened marked.

use std::fmt::Write;
use std::time::Duration;

use tokio::time::Instant;

use crate::load::Call;
use crate::timeline::Moment;

/// Calls are drawn in groups by the time of their end.
const GROUP: Duration = Duration::from_millis(100);

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 560.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 20.0;
const LATENCY: Panel = Panel { top: 90.0, bottom: 330.0 };
const THROUGHPUT: Panel = Panel { top: 380.0, bottom: 510.0 };

/// The latency axis is logarithmic, and shows these powers of ten of a millisecond.
const POWERS: std::ops::RangeInclusive<i32> = -2..=4;

const MEDIAN: &str = "#1f6feb";
const MAXIMUM: &str = "#d1242f";
const RATE: &str = "#1a7f37";

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
pub(crate) fn draw(title: &str, began: Instant, calls: &[Call], highlights: &[Moment]) -> String {
    let groups = grouped(began, calls);
    let time = Time { end: groups.len() as f64 * GROUP.as_secs_f64() };
    let top_rate = groups.iter().map(Group::rate).fold(1.0, f64::max) * 1.1;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    text(&mut svg, LEFT, 24.0, "start", "#111", title);
    text(&mut svg, LEFT, LATENCY.top - 10.0, "start", MEDIAN, "latency, median");
    text(&mut svg, LEFT + 110.0, LATENCY.top - 10.0, "start", MAXIMUM, "latency, maximum");
    text(&mut svg, LEFT, THROUGHPUT.top - 10.0, "start", RATE, "calls per second");
    axes(&mut svg, &time, top_rate);

    let latency = |of: fn(&Group) -> Option<f64>| -> Vec<_> {
        let point = |(index, group)| Some((time.of_group(index), LATENCY.y(latency_share(of(group)?))));
        groups.iter().enumerate().filter_map(point).collect()
    };
    for (x, y) in latency(Group::max) {
        line(&mut svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"{MAXIMUM}\"/>"));
    }
    path(&mut svg, MEDIAN, &latency(Group::median));
    let rate =
        |(index, group): (usize, &Group)| (time.of_group(index), THROUGHPUT.y(group.rate() / top_rate));
    path(&mut svg, RATE, &groups.iter().enumerate().map(rate).collect::<Vec<_>>());

    for (number, highlight) in highlights.iter().enumerate() {
        mark(&mut svg, time.x(highlight.at.as_secs_f64()), number, &highlight.what);
    }
    svg.push_str("</svg>\n");
    svg
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

struct Time {
    /// In seconds, as all here.
    end: f64,
}

impl Time {
    fn x(&self, at: f64) -> f64 {
        LEFT + at / self.end * (WIDTH - LEFT - RIGHT)
    }

    fn of_group(&self, index: usize) -> f64 {
        self.x((index as f64 + 0.5) * GROUP.as_secs_f64())
    }
}

fn latency_share(ms: f64) -> f64 {
    let (low, high) = (f64::from(*POWERS.start()), f64::from(*POWERS.end()));
    (ms.max(f64::MIN_POSITIVE).log10() - low) / (high - low)
}

fn axes(svg: &mut String, time: &Time, top_rate: f64) {
    for power in POWERS {
        let ms = 10f64.powi(power);
        grid(svg, LATENCY.y(latency_share(ms)), &format!("{ms} ms"));
    }
    for share in [0.0, 0.5, 1.0] {
        grid(svg, THROUGHPUT.y(share), &format!("{:.0}", share * top_rate));
    }
    let mut second = 0.0;
    while second <= time.end {
        text(svg, time.x(second), THROUGHPUT.bottom + 18.0, "middle", "#444", &format!("{second} s"));
        second += 1.0;
    }
}

fn grid(svg: &mut String, y: f64, label: &str) {
    let end = WIDTH - RIGHT;
    line(svg, format_args!("<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{end}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>"));
    text(svg, LEFT - 8.0, y + 4.0, "end", "#444", label);
}

/// A vertical line through both panels; the labels take turns in height, as fault and failover lie close together.
fn mark(svg: &mut String, x: f64, number: usize, label: &str) {
    let top = 44.0 + (number % 2) as f64 * 16.0;
    let bottom = THROUGHPUT.bottom;
    line(
        svg,
        format_args!(
            "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#555\" stroke-dasharray=\"4 3\"/>"
        ),
    );
    text(svg, x + 4.0, top + 4.0, "start", "#111", label);
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
    let what = what.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    line(
        svg,
        format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{what}</text>"
        ),
    );
}

fn line(svg: &mut String, element: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(svg, "{element}");
}
