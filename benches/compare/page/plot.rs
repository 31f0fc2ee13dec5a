//! One plot, as SVG. Written out here: what a library draws has its colours fixed, and these follow the reader's choice
//! of light or dark.

use std::fmt::Write;

use super::axis::Axis;

/// What is drawn on two axes.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) drawn: Vec<Drawn>,
}

#[derive(Debug, Clone)]
pub(super) struct Drawn {
    pub(super) label: String,
    /// Its place among the colours.
    pub(super) colour: usize,
    pub(super) marks: Marks,
    pub(super) points: Vec<(f64, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// A line with its points.
    Line,
    Points,
    Crosses,
}

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = WIDTH - 20.0;
const BOTTOM: f64 = HEIGHT - 55.0;
/// A line of the legend, of which there are as many as are needed above the axes.
const LEGEND: f64 = 20.0;
/// What a letter takes, about.
const LETTER: f64 = 7.2;

/// Colours that those who see fewer of them can tell apart (Okabe and Ito, and a grey), darker on light ground than on
/// dark.
const COLOURS: [(&str, &str); 6] = [
    ("#0072b2", "#56b4e9"),
    ("#d55e00", "#ff8c42"),
    ("#007a5a", "#2fd0a0"),
    ("#a8517f", "#e39ac2"),
    ("#6b5b00", "#f0e442"),
    ("#555555", "#b3b3b3"),
];

pub(super) fn svg(plot: &Plot) -> String {
    let legend = legend(&plot.drawn);
    let frame = Frame { plot, top: 15.0 + legend.lines * LEGEND };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         role=\"img\">\n{}<rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n",
        style()
    );
    svg += &legend.svg;
    frame.axes(&mut svg);
    for drawn in &plot.drawn {
        frame.draw(&mut svg, drawn);
    }
    svg + "</svg>\n"
}

fn style() -> String {
    let mut light = String::from(
        "text{font:13px sans-serif;fill:#1f2328}.ground{fill:#ffffff}.grid{stroke:#d1d9e0}.axis{stroke:#59636e}\
         .line{fill:none;stroke-width:2}",
    );
    let mut dark =
        String::from("text{fill:#e6edf3}.ground{fill:#0d1117}.grid{stroke:#30363d}.axis{stroke:#9198a1}");
    for (number, (on_light, on_dark)) in COLOURS.iter().enumerate() {
        let _ = write!(light, ".f{number}{{fill:{on_light}}}.s{number}{{stroke:{on_light}}}");
        let _ = write!(dark, ".f{number}{{fill:{on_dark}}}.s{number}{{stroke:{on_dark}}}");
    }
    format!("<style>{light}@media(prefers-color-scheme:dark){{{dark}}}</style>\n")
}

struct Legend {
    svg: String,
    lines: f64,
}

/// What each colour and mark is, from left to right.
fn legend(drawn: &[Drawn]) -> Legend {
    let mut legend = Legend { svg: String::new(), lines: 1.0 };
    let mut x = LEFT;
    for drawn in drawn {
        let width = drawn.label.chars().count() as f64 * LETTER + 35.0;
        if x + width > RIGHT && x > LEFT {
            (x, legend.lines) = (LEFT, legend.lines + 1.0);
        }
        let y = 10.0 + (legend.lines - 1.0) * LEGEND;
        mark(&mut legend.svg, drawn, x + 5.0, y, 4.0);
        let _ = writeln!(
            legend.svg,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 14.0,
            y + 4.5,
            escaped(&drawn.label)
        );
        x += width;
    }
    legend
}

fn mark(svg: &mut String, drawn: &Drawn, x: f64, y: f64, size: f64) {
    let colour = drawn.colour % COLOURS.len();
    let _ = match drawn.marks {
        Marks::Line | Marks::Points => {
            writeln!(svg, "<circle class=\"f{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{size}\"/>")
        }
        Marks::Crosses => writeln!(
            svg,
            "<path class=\"line s{colour}\" d=\"M{:.1} {:.1}l{d} {d}m0 -{d}l-{d} {d}\"/>",
            x - size,
            y - size,
            d = 2.0 * size
        ),
    };
}

/// The two axes, and where something is between them.
struct Frame<'a> {
    plot: &'a Plot,
    top: f64,
}

impl Frame<'_> {
    fn x(&self, place: f64) -> f64 {
        let Axis { from, to, .. } = self.plot.x;
        LEFT + (place - from) / (to - from) * (RIGHT - LEFT)
    }

    fn y(&self, place: f64) -> f64 {
        let Axis { from, to, .. } = self.plot.y;
        BOTTOM - (place - from) / (to - from) * (BOTTOM - self.top)
    }

    fn axes(&self, svg: &mut String) {
        let Plot { x, y, .. } = self.plot;
        let top = self.top;
        for place in &x.ticks {
            let (at, text) = (self.x(*place), escaped(&x.text(*place)));
            let _ = writeln!(svg, "<path class=\"grid\" d=\"M{at:.1} {top}V{BOTTOM}\"/>");
            let _ = writeln!(
                svg,
                "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{text}</text>",
                BOTTOM + 20.0
            );
        }
        for place in &y.ticks {
            let (at, text) = (self.y(*place), escaped(&y.text(*place)));
            let _ = writeln!(svg, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>");
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 8.0,
                at + 4.5
            );
        }
        let _ = writeln!(svg, "<path class=\"line axis\" d=\"M{LEFT} {top}V{BOTTOM}H{RIGHT}\"/>");
        let (middle, title) = ((LEFT + RIGHT) / 2.0, escaped(&x.title));
        let _ = writeln!(
            svg,
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{title}</text>",
            HEIGHT - 12.0
        );
        let (middle, title) = ((top + BOTTOM) / 2.0, escaped(&y.title));
        let _ = writeln!(
            svg,
            "<text transform=\"translate(18 {middle:.1})rotate(-90)\" text-anchor=\"middle\">{title}</text>"
        );
    }

    fn draw(&self, svg: &mut String, drawn: &Drawn) {
        let Plot { x, y, .. } = self.plot;
        let points = drawn.points.iter().map(|point| (self.x(x.place(point.0)), self.y(y.place(point.1))));
        if drawn.marks == Marks::Line {
            let path: Vec<_> = points.clone().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let colour = drawn.colour % COLOURS.len();
            let _ = writeln!(svg, "<polyline class=\"line s{colour}\" points=\"{}\"/>", path.join(" "));
        }
        let size = if drawn.marks == Marks::Points { 2.0 } else { 3.5 };
        for (x, y) in points {
            mark(svg, drawn, x, y, size);
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
