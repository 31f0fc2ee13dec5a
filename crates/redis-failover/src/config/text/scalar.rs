//! Numbers, shares, durations, texts and lists.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::duration;
use super::error::{Fault, SettingError};
use super::keyed::FromNode;
use super::tree::{Node, Value};

fn refused<T>(node: &Node, reason: impl Into<String>) -> Result<T, Fault> {
    Err(SettingError::value(&node.place, reason))
}

fn other_kind<T>(node: &Node, expected: &str) -> Result<T, Fault> {
    refused(node, format!("it is {}; give {expected}", node.kind()))
}

impl FromNode for Duration {
    fn read(node: &Node) -> Result<Self, Fault> {
        match &node.value {
            Value::Text(text) | Value::Untyped(text) => {
                duration::parse(text).map_err(|reason| SettingError::value(&node.place, reason))
            }
            Value::Integer(number) if *number >= 0 => refused(node, duration::without_unit(number)),
            Value::Float(number) if *number >= 0.0 => refused(node, duration::without_unit(number)),
            _ => other_kind(node, "a duration, as \"500ms\", \"2s\" or \"5m\""),
        }
    }
}

impl FromNode for u64 {
    fn read(node: &Node) -> Result<Self, Fault> {
        whole(node, u64::MAX)
    }
}

impl FromNode for u32 {
    fn read(node: &Node) -> Result<Self, Fault> {
        Ok(u32::try_from(whole(node, u32::MAX.into())?).unwrap_or(u32::MAX))
    }
}

impl FromNode for u16 {
    fn read(node: &Node) -> Result<Self, Fault> {
        Ok(u16::try_from(whole(node, u16::MAX.into())?).unwrap_or(u16::MAX))
    }
}

fn whole(node: &Node, most: u64) -> Result<u64, Fault> {
    let number = match &node.value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::Untyped(text) => text.trim().parse().ok(),
        Value::Float(_) => None,
        _ => return other_kind(node, "a whole number, without quotes"),
    };
    match number.filter(|number| *number <= most) {
        Some(number) => Ok(number),
        None => refused(node, format!("it is no whole number from 0 to {most}")),
    }
}

/// A number that is no share.
pub(super) struct Number(pub(super) f64);

impl FromNode for Number {
    fn read(node: &Node) -> Result<Self, Fault> {
        number(node).map(Self)
    }
}

fn number(node: &Node) -> Result<f64, Fault> {
    match &node.value {
        // Beyond 2^53 it is rounded, which no weight and no share minds.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        Value::Integer(number) => Ok(*number as f64),
        Value::Float(number) => Ok(*number),
        Value::Untyped(text) => match text.trim().parse() {
            Ok(number) => Ok(number),
            Err(_) => refused(node, "it is no number"),
        },
        _ => other_kind(node, "a number, without quotes"),
    }
}

/// All numbers with a fraction among the options are shares, from 0 to 1.
impl FromNode for f64 {
    fn read(node: &Node) -> Result<Self, Fault> {
        if let Value::Text(text) | Value::Untyped(text) = &node.value
            && let Some(percent) = text.trim().strip_suffix('%')
        {
            return refused(node, as_fraction(percent.trim().parse().ok()));
        }
        let share = number(node)?;
        if (0.0..=1.0).contains(&share) {
            Ok(share)
        } else if share > 1.0 {
            refused(node, as_fraction(Some(share)))
        } else {
            refused(node, "it is no share from 0 to 1")
        }
    }
}

/// Jedis and Lettuce count in percent.
fn as_fraction(percent: Option<f64>) -> String {
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent)).unwrap_or(10.0);
    format!("it is a share from 0 to 1, and no percentage; for {percent} % write {}", percent / 100.0)
}

impl FromNode for bool {
    fn read(node: &Node) -> Result<Self, Fault> {
        match &node.value {
            Value::Boolean(boolean) => Ok(*boolean),
            Value::Untyped(text) if text.trim() == "true" => Ok(true),
            Value::Untyped(text) if text.trim() == "false" => Ok(false),
            _ => other_kind(node, "true or false, without quotes"),
        }
    }
}

impl FromNode for String {
    fn read(node: &Node) -> Result<Self, Fault> {
        match &node.value {
            Value::Text(text) | Value::Untyped(text) => Ok(text.clone()),
            _ => other_kind(node, "text, in quotes"),
        }
    }
}

impl FromNode for Arc<str> {
    fn read(node: &Node) -> Result<Self, Fault> {
        String::read(node).map(Arc::from)
    }
}

impl FromNode for PathBuf {
    fn read(node: &Node) -> Result<Self, Fault> {
        let path = String::read(node)?;
        if path.is_empty() { refused(node, "it is empty; give a path") } else { Ok(path.into()) }
    }
}

/// A list; in a variable, with commas between its parts.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T: FromNode> FromNode for List<T> {
    fn read(node: &Node) -> Result<Self, Fault> {
        parts(node, T::read).map(Self)
    }
}

/// Reads each part of a list.
pub(super) fn parts<T>(node: &Node, read: impl Fn(&Node) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    match &node.value {
        Value::List(nodes) => nodes.iter().map(read).collect(),
        Value::Untyped(text) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| read(&Node::untyped(part, node.place.clone()))).collect()
        }
        _ => other_kind(node, "a list, in brackets"),
    }
}

/// One, or a list of them.
pub(super) struct OneOrMore<T>(
    #[cfg_attr(not(feature = "tls-no-provider"), expect(dead_code, reason = "certificates are many"))]
    pub(super) Vec<T>,
);

impl<T: FromNode> FromNode for OneOrMore<T> {
    fn read(node: &Node) -> Result<Self, Fault> {
        match node.value {
            Value::List(_) => List::read(node).map(|list| Self(list.0)),
            _ => Ok(Self(vec![T::read(node)?])),
        }
    }
}

/// Something that can be switched off.
pub(super) struct OrOff<T>(pub(super) Option<T>);

impl<T: FromNode> FromNode for OrOff<T> {
    fn read(node: &Node) -> Result<Self, Fault> {
        if is_word(node, "off") { Ok(Self(None)) } else { T::read(node).map(|value| Self(Some(value))) }
    }
}

pub(super) fn is_word(node: &Node, word: &str) -> bool {
    matches!(&node.value, Value::Text(text) | Value::Untyped(text) if text.trim() == word)
}
