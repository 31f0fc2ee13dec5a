//! How soon calls succeed again after a fault, and how soon the primary serves again (P5, P6, P7, P11).
//!
//! The clock starts when the fault's system call returns, and stops at the first success that the other server
//! completed. Each run has servers of its own, and its fault comes at a random moment. What takes milliseconds runs
//! alone; runs whose limit is far above what they do to each other run together.

mod calls;
mod load;
mod redis_py;
mod run;
mod settings;
mod stage;

use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};

use crate::report::{Limit, Line, Part, Row, Series};
use run::UnderLoad;
pub(crate) use settings::Settings;
pub(crate) use stage::{Fault, NAME, Stage, some_moment};

/// What is measured under load: how many runs at a time, and what the median and the worst of the runs may be, in
/// milliseconds.
const CELLS: [(&str, Fault, Settings, usize, f64, f64); 7] = [
    ("P5", Fault::Kill, Settings::Default, 1, 5.0, 20.0),
    ("P6", Fault::Stop, Settings::Default, 3, 1300.0, 1300.0),
    ("P6", Fault::BlackHole, Settings::Default, 3, 1300.0, 1300.0),
    ("P6", Fault::Stop, Settings::Fast, 3, 700.0, 700.0),
    ("P6", Fault::BlackHole, Settings::Fast, 3, 700.0, 700.0),
    ("P6", Fault::Stop, Settings::Tuned, 3, 250.0, 250.0),
    ("P6", Fault::BlackHole, Settings::Tuned, 3, 250.0, 250.0),
];

/// P7: a reset, and a hang: the interval with its jitter of a fifth, and one probe of half a second.
const IDLE: [(Fault, f64); 2] = [(Fault::Kill, 50.0), (Fault::Stop, 5000.0 * 1.2 + 500.0)];

/// P11: the fallback's interval of 1 s with its jitter of a fifth, and the health checks' of half a second, after which one
/// probe is a round.
const RETURN: f64 = (1000.0 + 500.0) * 1.2;

pub(crate) fn measure(short: bool) -> Part {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut part = Part::default();
    let mut lines = [(Fault::Kill, Vec::new()), (Fault::Stop, Vec::new())];
    under_load(&runtime, short, &mut part, &mut lines);

    let runs = if short { 3 } else { 10 };
    for (fault, limit) in IDLE {
        let took = together(&runtime, runs, 10, || run::idle(fault));
        let case = format!("{}, defaults, no traffic: ms, worst", fault.name());
        part.rows.push(Row::worst(case, &took).budget("P7", Limit::AtMost(limit)));
    }
    // How soon health checks find that the primary is back is a matter of their interval.
    let returns = [(Settings::Tuned, runs), (Settings::Default, 3)];
    for (settings, runs) in returns.into_iter().take(if short { 1 } else { 2 }) {
        let returns = together(&runtime, runs, 3, || run::until_return(settings));
        let case = |what: &str| {
            format!("primary back, {}, fallback 1 s, grace 0, 8 callers: {what}", settings.name())
        };
        let took: Vec<f64> = returns.iter().map(|run| run.took).collect();
        let took = Row::worst(case("ms, worst"), &took);
        let is_judged = settings == Settings::Tuned;
        part.rows.push(if is_judged { took.budget("P11", Limit::AtMost(RETURN)) } else { took });
        let moves: Vec<f64> = returns.iter().map(|run| run.moves).collect();
        let moves = Row::sum(case("moves after that, all runs"), &moves);
        part.rows.push(moves.budget("P11", Limit::AtMost(0.0)));
    }

    redis_py::measure(&runtime, short, &mut part, &mut lines);
    part.series = lines.map(|(fault, lines)| series(fault, lines)).into();
    part
}

fn under_load(runtime: &Runtime, short: bool, part: &mut Part, lines: &mut [(Fault, Vec<Line>)]) {
    // A black hole looks like a stopped server to a client, and is left out where time is short.
    let cells = CELLS.into_iter().filter(|(_, fault, ..)| !short || *fault != Fault::BlackHole);
    for (budget, fault, settings, at_once, median, worst) in cells {
        let runs = if short { 2 } else { 10 };
        let seen = together(runtime, runs, at_once, || run::under_load(fault, settings));
        let case = |what: &str| format!("{}, {}, 8 callers: {what}", fault.name(), settings.name());
        let all = |figure: fn(&UnderLoad) -> f64| -> Vec<f64> { seen.iter().map(figure).collect() };
        let (took, errors) = (all(|run| run.seen.failover), all(|run| run.seen.errors));
        let (slowest, miscounted) = (all(|run| run.seen.slowest), all(|run| run.miscounted));
        let none = Limit::AtMost(0.0);
        part.rows.extend([
            Row::median(case("ms, median"), &took).budget(budget, Limit::AtMost(median)),
            Row::worst(case("ms, worst"), &took).budget(budget, Limit::AtMost(worst)),
            Row::sum(case("errors, all runs"), &errors).budget(budget, none),
            Row::sum(case("increments miscounted, all runs"), &miscounted).budget(budget, none),
            Row::worst(case("slowest call, ms"), &slowest),
        ]);
        if settings == Settings::Default
            && let Some((_, lines)) = lines.iter_mut().find(|(plotted, _)| *plotted == fault)
        {
            lines.extend(calls::lines("MultiDbClient, defaults", &middle(&seen).calls));
        }
    }
}

/// The run whose failover took longer than half of the others'.
fn middle(seen: &[UnderLoad]) -> &UnderLoad {
    let mut by_time: Vec<&UnderLoad> = seen.iter().collect();
    by_time.sort_by(|one, other| one.seen.failover.total_cmp(&other.seen.failover));
    by_time[by_time.len() / 2]
}

/// So many runs, of which so many at a time.
pub(crate) fn together<F, T>(runtime: &Runtime, runs: usize, at_once: usize, run: impl Fn() -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let mut results = Vec::new();
    while results.len() < runs {
        let at_once = at_once.min(runs - results.len());
        let tasks: Vec<_> = (0..at_once).map(|_| runtime.spawn(run())).collect();
        results
            .extend(runtime.block_on(join_all(tasks)).into_iter().map(|result| result.expect("a run's end")));
    }
    results
}

fn series(fault: Fault, lines: Vec<Line>) -> Series {
    Series {
        name: if fault == Fault::Kill { "failover-sigkill" } else { "failover-sigstop" },
        x: "seconds since the fault, when the call began",
        y: "milliseconds that the call took",
        lines,
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
