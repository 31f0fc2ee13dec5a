//! The page, as Markdown.

use std::fmt::Write;

use super::PLOTS;
use super::budgets::{PARTS, Part};
use super::input::{Input, Row};
use super::pictures::Picture;

/// Written by hand: it says what no figure here can.
const NOT_MEASURED: &str = include_str!("not_measured.md");

pub(super) fn page(input: &Input, pictures: &[Picture]) -> String {
    let begun = input.begun().unwrap_or("at a time that the report does not tell");
    let mut page = format!(
        "# Performance\n\n\
         Measured {begun}, and written by\n\n    \
         cargo run --release -p benches --bin compare -- all --page\n\n\
         on the machine that is [described below](#the-machine). It is shared: trust ratios, which were taken in one \
         run, more than times. A row holds if its ratio, or its figure where it has none, keeps the limit; the \
         quartiles are those of what is judged.\n\n"
    );
    page += &summary(&input.rows);
    for (part, rows) in PARTS.iter().zip(by_part(&input.rows)) {
        section(&mut page, part, &rows, pictures);
    }
    facts(&mut page, "The machine", &input.machine);
    facts(&mut page, "Versions", &input.versions);
    let _ = write!(page, "## What is not measured\n\n{}", NOT_MEASURED.trim_start());
    not_run(&mut page, &input.rows);
    page
}

/// How many limits hold, and which do not.
fn summary(rows: &[Row]) -> String {
    let judged = rows.iter().filter(|row| row.holds.is_some()).count();
    let missed: Vec<_> = rows.iter().filter(|row| row.holds == Some(false)).collect();
    let mut summary = format!("**{} of {judged} limits hold.**", judged - missed.len());
    for row in missed {
        let _ = write!(summary, "\n- {} does not: {}", row.budget, row.case);
    }
    summary + "\n\n"
}

/// The rows of each part. What is only shown stands with the budgets that it was measured with, which come before it.
fn by_part(rows: &[Row]) -> [Vec<&Row>; PARTS.len()] {
    let part_of = |row: &Row| {
        PARTS.iter().position(|part| part.budgets.iter().any(|budget| budget.number == row.budget))
    };
    let mut parts: [Vec<&Row>; PARTS.len()] = Default::default();
    let mut part = rows.iter().find_map(part_of).unwrap_or_default();
    for row in rows {
        part = part_of(row).unwrap_or(part);
        parts[part].push(row);
    }
    parts
}

fn section(page: &mut String, part: &Part, rows: &[&Row], pictures: &[Picture]) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(page, "## {}\n\n", part.title);
    for picture in pictures.iter().filter(|picture| part.pictures.contains(&picture.name)) {
        let _ = write!(page, "![{}]({PLOTS}/{})\n\n{}\n\n", picture.alt, picture.file(), picture.caption);
    }
    for budget in part.budgets {
        let title = format!("{}: {}", budget.number, budget.asks);
        table(page, &title, rows.iter().copied().filter(|row| row.budget == budget.number));
    }
    let shown = |row: &&Row| part.budgets.iter().all(|budget| budget.number != row.budget);
    table(page, "Beside, without a limit", rows.iter().copied().filter(shown));
}

fn table<'a>(page: &mut String, title: &str, rows: impl Iterator<Item = &'a Row>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = write!(page, "### {title}\n\n");
    *page += "| case | figure | base | ratio | quartiles | limit | holds | runs |\n";
    *page += "|---|---:|---:|---:|---:|---:|---|---:|\n";
    for row in rows {
        let holds = row.holds.map_or("–", |holds| if holds { "yes" } else { "**NO**" });
        // A ratio's quartiles are ratios.
        let of_judged = if row.ratio.is_some() { ratio } else { figure };
        let spread = row.spread.filter(|_| row.runs > 1);
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {holds} | {} |",
            row.case.replace('|', "\\|"),
            row.figure.map_or_else(|| "not run".into(), figure),
            row.base.map_or_else(dash, figure),
            row.ratio.map_or_else(dash, ratio),
            spread.map_or_else(dash, |(low, high)| format!("{} to {}", of_judged(low), of_judged(high))),
            row.limit.as_deref().map_or_else(dash, |limit| limit.replace(">=", "≥").replace("<=", "≤")),
            row.runs,
        );
    }
    *page += "\n";
}

fn facts(page: &mut String, title: &str, facts: &[(String, String)]) {
    let _ = write!(page, "## {title}\n\n");
    for (name, fact) in facts {
        let _ = writeln!(page, "- {name}: {fact}");
    }
    *page += "\n";
}

fn not_run(page: &mut String, rows: &[Row]) {
    for row in rows.iter().filter(|row| row.figure.is_none()) {
        let _ = writeln!(page, "- Not run this time: {}.", row.case);
    }
}

fn dash() -> String {
    "–".into()
}

fn ratio(ratio: f64) -> String {
    format!("{ratio:.3}")
}

/// Three digits or so, and thousands apart.
pub(super) fn figure(figure: f64) -> String {
    let decimals = match figure.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 4,
    };
    let text = format!("{figure:.decimals$}");
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, part)| (whole, Some(part)));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut apart = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            apart.push(',');
        }
        apart.push(digit);
    }
    let fraction = fraction.map_or_else(String::new, |fraction| format!(".{fraction}"));
    format!("{sign}{apart}{fraction}")
}
