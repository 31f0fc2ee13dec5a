//! redis-py under the same faults, at its defaults and tuned.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use super::calls::{self, Call, Seen};
use super::stage::{Fault, Stage, some_moment};
use super::together;
use crate::python::Python;
use crate::report::{Line, Part, Row};

/// The script beside this file: the same callers, in Python.
const SCRIPT: &str = include_str!("redis_py.py");
const PATIENCE: Duration = Duration::from_secs(60);

/// How many runs: all of the defaults together, since a fault takes them ten seconds.
fn runs(settings: &str, short: bool) -> (usize, usize) {
    match (settings, short) {
        ("defaults", false) => (3, 3),
        (_, false) => (5, 1),
        (_, true) => (1, 1),
    }
}

pub(super) fn measure(runtime: &Runtime, short: bool, part: &mut Part, lines: &mut [(Fault, Vec<Line>)]) {
    let python = Python::find(runtime);
    part.versions.extend(python.as_ref().map(|python| ("redis-py", python.version.clone())));
    for settings in ["defaults", "tuned"] {
        for (fault, lines) in &mut *lines {
            let case = |what: &str| format!("redis-py, {}, {settings}, 8 callers: {what}", fault.name());
            let Some(python) = &python else {
                part.rows.push(Row::median(case("not run, for want of it"), &[]));
                continue;
            };
            let (runs, at_once) = runs(settings, short);
            let runs = together(runtime, runs, at_once, || {
                let run = run(python.clone(), *fault, settings);
                async {
                    timeout(PATIENCE, run).await.unwrap_or_else(|_| Err("not moved within a minute".into()))
                }
            });
            let (mut seen, mut shown) = (Vec::new(), None);
            for run in runs {
                match run {
                    Ok(calls) => {
                        seen.extend(Seen::of(&calls));
                        shown = shown.or(Some(calls));
                    }
                    Err(error) => eprintln!("redis-py, {}, {settings}: {error}", fault.name()),
                }
            }
            let all = |figure: fn(&Seen) -> f64| -> Vec<f64> { seen.iter().map(figure).collect() };
            part.rows.extend([
                Row::median(case("ms, median"), &all(|seen| seen.failover)),
                Row::worst(case("ms, worst"), &all(|seen| seen.failover)),
                Row::sum(case("errors, all runs"), &all(|seen| seen.errors)),
                Row::worst(case("slowest call, ms"), &all(|seen| seen.slowest)),
            ]);
            lines
                .extend(shown.iter().flat_map(|calls| calls::lines(&format!("redis-py, {settings}"), calls)));
        }
    }
}

/// One run: all calls of all callers.
async fn run(python: Python, fault: Fault, settings: &'static str) -> Result<Vec<Call>, String> {
    let stage = Stage::set().await;
    let [primary, secondary] = stage.urls(fault);
    let mut script = python.start(SCRIPT, &[&primary, &secondary, settings])?;
    script.line().await?;
    some_moment().await;
    stage.break_primary(fault);
    let broken = clock_gettime(ClockId::Monotonic);
    script.line().await?;
    sleep(Duration::from_millis(500)).await;
    script.go_on().await?;
    let told: Value = serde_json::from_str(&script.line().await?).map_err(|error| error.to_string())?;
    // Both clocks are the machine's monotonic one.
    let broken = broken.tv_sec as f64 + broken.tv_nsec as f64 / 1e9;
    let calls = told.as_array().ok_or("no calls were told")?;
    calls.iter().map(|call| Call::told(call, broken).ok_or_else(|| format!("no call: {call}"))).collect()
}
