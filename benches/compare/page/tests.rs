//! A page of made-up figures.

use serde_json::json;

use super::input::Input;
use super::pictures::Picture;
use super::*;

fn report() -> Value {
    let row = |budget: &str,
               case: &str,
               ours: Option<f64>,
               ratio: Option<f64>,
               limit: Option<&str>,
               holds| {
        json!({
            "budget": budget, "case": case, "ours": ours, "base": ratio.map(|ratio| ours.unwrap_or(1.0) / ratio),
            "ratio": ratio, "limit": limit, "holds": holds, "runs": 31, "spread": [0.98, 1.02],
        })
    };
    let rows = json!([
        row("P1", "MultiDbClient, 64 callers", Some(123_456.0), Some(1.01), Some(">= 0.97"), Some(true)),
        row("", "redis-rs again, 64 callers", Some(122_000.0), Some(0.999), None, None),
        row("P4", "all layers", Some(82.8), None, Some("<= 110"), Some(true)),
        row("P5", "SIGKILL, default", Some(31.5), None, Some("<= 5"), Some(false)),
        row("", "redis-py, default", None, None, None, None),
    ]);
    let points = |from: f64| (0..40).map(|at| json!([f64::from(at) / 10.0 - 0.5, from])).collect::<Vec<_>>();
    let line = |label: &str, failed: bool, points: Vec<Value>| json!({"label": label, "failed": failed, "points": points});
    let counted = |name: &str, x: &str| {
        let points = |cost: f64| vec![json!([2, cost]), json!([10, cost]), json!([100, cost * 1.01])];
        json!({"name": name, "x": x, "y": "instructions a call",
               "lines": [line("all layers", false, points(1170.0)), line("all layers, ns", false, points(128.0))]})
    };
    json!({
        "machine": {"processor": "made up", "processors": 2, "begun": "2026-01-02 03:04 UTC"},
        "versions": {"redis-rs": "1.8.1"},
        "rows": rows,
        "series": [
            {"name": "failover-sigkill", "x": "seconds since the fault", "y": "milliseconds a call took",
             "lines": [line("MultiDbClient, defaults", false, points(0.2)),
                       line("MultiDbClient, defaults", true, vec![]),
                       line("redis-py, defaults", false, points(0.4)),
                       line("redis-py, defaults", true, vec![json!([0.1, 2600.0])])]},
            {"name": "callers", "x": "callers", "y": "commands a second",
             "lines": [line("MultiDbClient", false, vec![json!([1, 9000]), json!([8, 60_000]), json!([512, 91_000])])]},
            counted("members", "members of the balance"),
            counted("clones", "clones"),
        ],
    })
}

fn page_of(report: Value) -> (String, Vec<Picture>) {
    let input = Input::read(&[report]);
    let pictures = pictures::of(&input.series);
    (text::page(&input, &pictures), pictures)
}

#[test]
fn each_budget_has_its_table_and_its_part_the_rows_beside_it() {
    let (page, _) = page_of(report());
    let places: Vec<_> = [
        "Measured 2026-01-02 03:04 UTC",
        "**2 of 3 limits hold.**\n- P5 does not: SIGKILL, default",
        "## Throughput, and what a command costs",
        "![Commands a second against the number of concurrent callers](performance/callers.svg)",
        "### P1: ",
        "| MultiDbClient, 64 callers | 123,456 | 122,234 | 1.010 | 0.980 to 1.020 | ≥ 0.97 | yes | 31 |",
        "### Beside, without a limit",
        "| redis-rs again, 64 callers | 122,000 |",
        "## The layers alone",
        "| all layers | 82.8 | – | – | 0.98 to 1.02 | ≤ 110 | yes | 31 |",
        "## Failover",
        "| SIGKILL, default | 31.5 | – | – | 0.98 to 1.02 | ≤ 5 | **NO** | 31 |",
        "| redis-py, default | not run |",
        "## The machine",
        "- processor: made up",
        "## Versions",
        "- redis-rs: 1.8.1",
        "## What is not measured",
        "- Not run this time: redis-py, default.",
    ]
    .iter()
    .map(|part| page.find(part).unwrap_or_else(|| panic!("{part:?} is not in\n{page}")))
    .collect();
    assert!(places.is_sorted(), "in another order:\n{page}");
    assert!(!page.contains("## Messages"), "a part without rows has no title");
}

#[test]
fn each_series_has_its_plot_with_titles_marks_and_colours_for_light_and_dark() {
    let (_, pictures) = page_of(report());
    let names: Vec<_> = pictures.iter().map(|picture| picture.name).collect();
    assert_eq!(names, ["failover-sigkill", "callers", "cost-instructions", "cost-nanoseconds"]);
    for picture in &pictures {
        let svg = plot::svg(&picture.plot);
        for title in [&picture.plot.x.title, &picture.plot.y.title] {
            assert!(svg.contains(&format!(">{title}</text>")), "{title} in {svg}");
        }
        assert!(svg.contains("prefers-color-scheme:dark"), "{svg}");
        let points: usize = picture.plot.drawn.iter().map(|drawn| drawn.points.len()).sum();
        let marks = svg.matches("<circle").count() + svg.matches("m0 -").count();
        assert_eq!(marks, points + picture.plot.drawn.len(), "a mark for each point, and one in the legend");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(svg.matches('<').count(), svg.matches('>').count(), "{svg}");
    }
    let failover = plot::svg(&pictures[0].plot);
    assert!(failover.contains("redis-py, defaults, failed"), "failed calls are told apart: {failover}");
    assert!(!failover.contains("MultiDbClient, defaults, failed"), "there were none: {failover}");
}

#[test]
fn a_page_and_its_plots_are_written_and_several_reports_are_one() {
    let folder = std::env::temp_dir().join(format!("performance-page-{}", std::process::id()));
    let mut second = report();
    second["series"] = json!([]);
    second["versions"] = json!({"redis-rs": "1.8.1", "fred": "10"});
    let page = write(&folder, &[report(), second]).unwrap();
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("4 of 6 limits hold") && text.contains("- fred: 10"), "{text}");
    for (_, rest) in text.match_indices("](performance/").map(|(at, _)| text[at..].split_at(2)) {
        let file = rest.split_once(')').unwrap().0;
        assert!(folder.join(file).exists(), "{file}");
    }
    fs::remove_dir_all(&folder).unwrap();
}
