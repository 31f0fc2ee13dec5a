//! Stories with one expectation changed.

use std::time::Duration;

use toml::{Table, Value};

use crate::time::{parse, write};

/// The story, once for each expectation that is changed in it, with the place of the change.
pub(crate) fn mutants(text: &str) -> Result<Vec<(String, String)>, toml::de::Error> {
    let story: Table = text.parse()?;
    let mut mutants = Vec::new();
    let phases = story.get("phases").and_then(Value::as_array).map_or(0, Vec::len);
    for number in 0..phases {
        let expected = &story["phases"][number].get("expect");
        let Some(expected) = expected else { continue };
        for (place, changed) in changes("expect", expected) {
            let mut mutant = story.clone();
            mutant["phases"][number].as_table_mut().unwrap().insert("expect".into(), changed);
            mutants.push((format!("phase {}: {place}", number + 1), mutant.to_string()));
        }
    }
    Ok(mutants)
}

/// The value with one leaf changed, once for each leaf.
fn changes(path: &str, value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Table(table) => table
            .iter()
            .flat_map(|(key, inner)| {
                changes(&format!("{path}.{key}"), inner).into_iter().map(move |(place, changed)| {
                    let mut table = table.clone();
                    table.insert(key.clone(), changed);
                    (place, Value::from(table))
                })
            })
            .collect(),
        Value::Array(items) => {
            let inner = items.iter().enumerate().flat_map(|(index, item)| {
                changes(&format!("{path}[{index}]"), item).into_iter().map(move |(place, changed)| {
                    let mut items = items.clone();
                    items[index] = changed;
                    (place, Value::from(items))
                })
            });
            let more: Vec<_> = items.iter().cloned().chain([Value::from("one more")]).collect();
            inner.chain([(format!("{path}, and one more"), more.into())]).collect()
        }
        Value::Boolean(is) => vec![(path.into(), (!is).into())],
        Value::Integer(number) => vec![(path.into(), (number + 1).into())],
        Value::Float(number) => vec![(path.into(), (number + 1.0).into())],
        Value::String(text) => {
            let other = parse(text)
                .map_or_else(|| format!("not {text}"), |time| write(time + Duration::from_secs(10)));
            vec![(path.into(), other.into())]
        }
        Value::Datetime(_) => Vec::new(),
    }
}
