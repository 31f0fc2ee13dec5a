//! TOML, read into a tree that knows its lines.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::error::{Fault, Problem, SettingError};
use super::place::Lines;
use super::tree::{Entry, Node, Table, Value};

/// Reads `text`, which stands in `file`, if in any.
///
/// TOML's own errors repeat the line they are about, which may hold a password. Their message alone does not.
pub(super) fn parse(text: &str, file: Option<&Path>) -> Result<Node, Fault> {
    let lines = Lines::of(text, file);
    let root = DeTable::parse(text).map_err(|error| {
        let place = lines.place(error.span().map_or(text.len(), |span| span.start));
        SettingError::new(&place, Problem::Syntax(error.message().to_owned()))
    })?;
    Ok(Node { place: lines.place(0), value: Value::Table(table(root.get_ref(), &lines)) })
}

fn table(table: &DeTable<'_>, lines: &Lines<'_>) -> Table {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let entries = entries.into_iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        place: lines.place(key.span().start),
        node: node(value, lines),
    });
    Table { entries: entries.collect() }
}

fn list(array: &DeArray<'_>, lines: &Lines<'_>) -> Vec<Node> {
    array.iter().map(|value| node(value, lines)).collect()
}

fn node(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Node {
    let place = lines.place(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => Value::Integer(integer),
            // Too large to be whole for us; whoever reads it says so.
            Err(_) => Value::Float(f64::INFINITY),
        },
        DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(_) => Value::Moment,
        DeValue::Array(array) => Value::List(list(array, lines)),
        DeValue::Table(inner) => Value::Table(table(inner, lines)),
    };
    Node { value, place }
}
