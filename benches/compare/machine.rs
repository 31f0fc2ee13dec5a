//! Where it is measured.

use std::fs;
use std::process::Command;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};
use serde_json::{Value, json};

/// The client has one processor for itself, the server another.
pub(crate) const CLIENT: usize = 0;
pub(crate) const SERVER: usize = 1;

/// Keeps a process, or this thread and those that it starts, on one processor. Where there is only one, both share it,
/// which is told.
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
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "processor": model.map_or("unknown", |(_, model)| model),
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "system": format!("{} {}", std::env::consts::OS, kernel.trim()),
        "load_at_start": load.split(' ').next().and_then(|load| load.parse::<f64>().ok()),
        "begun": Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output().ok().map(|date| {
            String::from_utf8_lossy(&date.stdout).trim().to_owned()
        }),
    })
}

/// Of what this program is made, as its lock file says.
pub(crate) fn versions() -> Vec<(&'static str, String)> {
    const LOCK: &str = include_str!("../../Cargo.lock");
    let crates = [
        ("redis-failover", "redis-failover"),
        ("redis-rs", "redis"),
        ("fred", "fred"),
        ("tokio", "tokio"),
        ("tower-resilience", "tower-resilience-circuitbreaker"),
        ("failsafe", "failsafe"),
        ("tower", "tower"),
    ];
    crates.into_iter().filter_map(|(shown, name)| Some((shown, locked(LOCK, name)?))).collect()
}

/// The version of a package in a lock file.
fn locked(lock: &str, name: &str) -> Option<String> {
    let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    Some(after.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"redis-failover\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"redis\"\nversion = \"1.8.1\"\n";
        assert_eq!(locked(lock, "redis").as_deref(), Some("1.8.1"));
        assert_eq!(locked(lock, "fred"), None);
    }
}
