//! How what was expected differs from what is seen.

use std::time::Duration;

use toml::{Table, Value};

use crate::time::parse;

/// One line for each difference; none if all is as expected. Of a table, only what is expected is looked at, but for
/// `calls`: how many calls ended in which way is told in full.
pub(crate) fn differences(expected: &Table, seen: &Table, tolerance: Duration) -> Vec<String> {
    let mut found = Vec::new();
    tables("", expected, seen, tolerance, &mut found);
    found
}

fn tables(path: &str, expected: &Table, seen: &Table, tolerance: Duration, found: &mut Vec<String>) {
    for (key, value) in expected {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match seen.get(key) {
            Some(seen) => values(&path, value, seen, tolerance, found),
            None => {
                let known: Vec<_> = seen.keys().map(String::as_str).collect();
                found.push(format!(
                    "{path}: there is no such thing to be seen; there is {}",
                    known.join(", ")
                ));
            }
        }
    }
    if path == "calls" {
        let others = seen.iter().filter(|(how, _)| !expected.contains_key(*how));
        found.extend(others.map(|(how, count)| format!("{path}: besides, {count} ended with {how}")));
    }
}

fn values(path: &str, expected: &Value, seen: &Value, tolerance: Duration, found: &mut Vec<String>) {
    match (expected, seen) {
        (Value::Table(expected), Value::Table(seen)) => tables(path, expected, seen, tolerance, found),
        (Value::Array(these), Value::Array(those)) if these.len() == those.len() => {
            for (index, (expected, seen)) in these.iter().zip(those).enumerate() {
                values(&format!("{path}[{index}]"), expected, seen, tolerance, found);
            }
        }
        (expected, seen) if are_equal(expected, seen, tolerance) => {}
        (expected, seen) => {
            found.push(format!("{path}: expected {}\n    seen     {}", line(expected), line(seen)));
        }
    }
}

fn are_equal(expected: &Value, seen: &Value, tolerance: Duration) -> bool {
    if let (Value::String(expected), Value::String(seen)) = (expected, seen)
        && let (Some(expected), Some(seen)) = (parse(expected), parse(seen))
    {
        return expected.abs_diff(seen) <= tolerance;
    }
    expected == seen
}

/// A list has a line for each of its items.
fn line(value: &Value) -> String {
    match value {
        Value::Array(items) if items.iter().any(Value::is_table) => {
            let items: String = items.iter().map(|item| format!("\n        {item},")).collect();
            format!("[{items}\n    ]")
        }
        value => value.to_string(),
    }
}
