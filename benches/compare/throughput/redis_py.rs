//! redis-py's multi-database client beside its plain one.

use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::python::Python;
use crate::report::{Part, Row};

/// The script beside this file: slices of both in turn.
const SCRIPT: &str = include_str!("redis_py.py");
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn measure(runtime: &Runtime, [url, standby]: [&str; 2], short: bool, part: &mut Part) {
    let case = |work: &str, what: &str| format!("redis-py, multi-database ÷ plain, {work}: {what}");
    let Some(python) = Python::find(runtime) else {
        part.rows.push(Row::median(case("GET 16 B", "not run, for want of it"), &[]));
        return;
    };
    part.versions.push(("redis-py", python.version.clone()));
    for (work, name) in [("get", "GET 16 B by 1 caller"), ("pipeline", "pipelines of 100 by 1 caller")] {
        let rounds = if short { "11" } else { "31" };
        let told = runtime.block_on(async {
            let mut script = python.start(SCRIPT, &[url, standby, work, rounds])?;
            let line = timeout(PATIENCE, script.line()).await.map_err(|_| "nothing within a minute")??;
            serde_json::from_str::<Value>(&line).map_err(|error| error.to_string())
        });
        let pairs = |what: &str| -> Option<Vec<(f64, f64)>> {
            let pairs = told.as_ref().ok()?[what].as_array()?;
            pairs.iter().map(|pair| pair[0].as_f64().zip(pair[1].as_f64())).collect()
        };
        match pairs("speed").zip(pairs("cost")) {
            Some((speed, cost)) => part.rows.extend([
                Row::ratio(case(name, "commands a second"), &speed),
                Row::ratio(case(name, "processor, ns a command"), &cost),
            ]),
            None => {
                eprintln!("redis-py, {name}: {}", told.err().unwrap_or_else(|| "no figures".into()));
                part.rows.push(Row::median(case(name, "not run"), &[]));
            }
        }
    }
}
