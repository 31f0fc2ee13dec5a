//! All cells as a page.

use std::fmt::Write as _;

use super::{Cell, Fault, Workload};

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Fault matrix</title><style>\
body{font:14px/1.4 system-ui,sans-serif;margin:2em;color:#222}table{border-collapse:collapse;margin:1em 0}\
th,td{border:1px solid #ccc;padding:.25em .5em;text-align:right;vertical-align:top}th{background:#f4f4f4}\
td.what,th.what{text-align:left;max-width:28em}.ok{background:#e3f4e3}.wrong{background:#f8c9c4;font-weight:600}\
.missing{background:#eee}small{color:#666}li{margin:.3em 0}</style>";

/// A page with a table for each expectation, and all that is not as expected.
#[must_use]
pub fn page(cells: &[Cell]) -> String {
    // Writing to a string cannot fail.
    let mut page = String::from(HEAD);
    let wrong: Vec<_> = cells.iter().filter(|cell| !cell.holds()).collect();
    let _ = write!(
        page,
        "<h1>Fault matrix</h1><p>{} cells, {} not as expected. In a cell: milliseconds to the first success where it \
         was to be, then failed calls of all calls.</p>",
        cells.len(),
        wrong.len()
    );
    if !wrong.is_empty() {
        page.push_str("<h2>Not as expected</h2><ul>");
        for cell in wrong {
            let Cell { fault, config, workload, expected, wrong, switches, kinds_of_errors, .. } = cell;
            let said = format!(
                "{fault}, {config}, {workload}: {expected}: {}; switches: {switches:?}; errors: {kinds_of_errors:?}",
                wrong.join("; ")
            );
            let _ = write!(page, "<li>{}</li>", escaped(&said));
        }
        page.push_str("</ul>");
    }
    table(&mut page, cells);
    page
}

fn table(page: &mut String, cells: &[Cell]) {
    page.push_str("<table><tr><th class=what>what happens<th>settings<th>expected");
    for workload in Workload::ALL {
        let _ = write!(page, "<th>{}", workload.name());
    }
    for fault in Fault::ALL {
        for config in ["default", "tuned"] {
            let row: Vec<_> =
                cells.iter().filter(|cell| cell.fault == fault.name() && cell.config == config).collect();
            let Some(first) = row.first() else { continue };
            let (what, within) = (escaped(fault.what()), first.within_ms);
            let _ = write!(page, "<tr><td class=what><b>{}</b><br><small>{what}", fault.name());
            if let Some(note) = &first.note {
                let _ = write!(page, " {}.", escaped(note));
            }
            let _ = write!(page, "</small><td>{config}<td>{}<br><small>{within} ms</small>", first.expected);
            for workload in Workload::ALL {
                entry(page, row.iter().find(|cell| cell.workload == workload.name()).copied());
            }
        }
    }
    page.push_str("</table>");
}

fn entry(page: &mut String, cell: Option<&Cell>) {
    let Some(cell) = cell else {
        page.push_str("<td class=missing>");
        return;
    };
    let class = if cell.holds() { "ok" } else { "wrong" };
    let after = cell.first_success_ms.map_or("never".to_owned(), |after| format!("{after:.1}"));
    let _ = write!(page, "<td class={class}>{after}<br><small>{} of {}</small>", cell.errors, cell.calls);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
