//! The same keys in whatever format serde reads.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::build::build;
use super::place::Place;
use super::tree::{Entry, Node, Table, Value};
use crate::config::MultiDbConfig;

/// A part of an application's own configuration: the same keys as in a file of ours, and the same checks. What is
/// `null` counts as not said.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Application {
///     greeting: String,
///     redis: redis_failover::MultiDbConfig,
/// }
///
/// let text = r#"{ "greeting": "hello", "redis": { "urls": ["redis://eu", "redis://us"], "grace_period": "30s" } }"#;
/// let application: Application = serde_json::from_str(text)?;
/// # assert_eq!(application.greeting, "hello");
/// # drop(application.redis);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Our errors show no secret. Those of some formats, TOML's among them, go on to show the lines around, where there may
/// be one: print the message alone, or read TOML with [`from_toml`](MultiDbConfig::from_toml).
impl<'de> Deserialize<'de> for MultiDbConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Said(value) = Said::deserialize(deserializer)?;
        let root = value.map_or_else(|| Node::table(Place::Unknown), node);
        build(&root).map_err(D::Error::custom)
    }
}

fn node(value: Value) -> Node {
    Node { value, place: Place::Unknown }
}

/// A value, if there is one.
struct Said(Option<Value>);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table, a list, text, a number, or true or false")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Said, E> {
        Ok(Said(Some(Value::Boolean(value))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Said, E> {
        Ok(Said(Some(Value::Integer(value))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Said, E> {
        // Too large to be whole for us; whoever reads it says so.
        Ok(Said(Some(i64::try_from(value).map_or(Value::Float(f64::INFINITY), Value::Integer))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Said, E> {
        Ok(Said(Some(Value::Float(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Said, E> {
        Ok(Said(Some(Value::Text(value.to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Said, E> {
        Ok(Said(None))
    }

    fn visit_none<E>(self) -> Result<Said, E> {
        Ok(Said(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Said, D::Error> {
        Said::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Said, D::Error> {
        Said::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Said, A::Error> {
        let mut nodes = Vec::new();
        while let Some(Said(value)) = sequence.next_element()? {
            nodes.extend(value.map(node));
        }
        Ok(Said(Some(Value::List(nodes))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said, A::Error> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if entries.iter().any(|entry| entry.key == key) {
                return Err(A::Error::custom("a key stands twice in one table"));
            }
            if let Said(Some(value)) = map.next_value()? {
                entries.push(Entry { key, place: Place::Unknown, node: node(value) });
            }
        }
        Ok(Said(Some(Value::Table(Table { entries }))))
    }
}
