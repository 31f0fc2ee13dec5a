//! `docs/performance.md` and its plots, from one or more reports.
//!
//! # Layout
//!
//! - `input`: reports, as `--json` writes them
//! - `text`: the page
//! - `budgets`: what each budget asks, in words
//! - `pictures`: which series become which plots
//! - `plot`, `axis`: one plot, as SVG that reads on light and on dark ground

mod axis;
mod budgets;
mod input;
mod pictures;
mod plot;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;

use input::Input;

/// The page's name in its folder; its plots have a folder of their own beside it.
const PAGE: &str = "performance.md";
const PLOTS: &str = "performance";

/// Writes the page into this folder, and its plots into one beside it. Returns where the page is.
///
/// # Errors
/// Those of the file system; no plot is left out for another reason than that its series is missing.
pub(crate) fn write(folder: &Path, reports: &[Value]) -> io::Result<PathBuf> {
    let input = Input::read(reports);
    let pictures = pictures::of(&input.series);
    let plots = folder.join(PLOTS);
    fs::create_dir_all(&plots)?;
    for picture in &pictures {
        fs::write(plots.join(picture.file()), plot::svg(&picture.plot))?;
    }
    let page = folder.join(PAGE);
    fs::write(&page, text::page(&input, &pictures))?;
    Ok(page)
}
