//! Where it is measured.

use std::fs;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};
use serde_json::{Value, json};

/// The client has one processor for itself, the server another.
pub(crate) const CLIENT: usize = 0;
pub(crate) const SERVER: usize = 1;

/// Keeps a process, or this thread, on one processor. Where there is only one, both share it, which is told.
pub(crate) fn pin(process: Option<u32>, processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor);
    let process = process.and_then(|process| Pid::from_raw(i32::try_from(process).ok()?));
    if let Err(error) = sched_setaffinity(process, &set) {
        eprintln!("not pinned to processor {processor}: {error}");
    }
}

/// What the figures depend on.
pub(crate) fn describe() -> Value {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    json!({
        "processor": model.map_or("unknown", |(_, model)| model),
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "load_at_start": load.split(' ').next().and_then(|load| load.parse::<f64>().ok()),
    })
}
