//! What has keys, and what may stand under them.

use super::error::{Fault, Problem, SettingError};
use super::tree::{Node, Value};
use super::unknown;

/// What can be said in text.
pub(super) trait FromNode: Sized {
    /// How it is said.
    fn shape() -> Shape {
        Shape::Value
    }

    /// Reads it.
    fn read(node: &Node) -> Result<Self, Fault>;
}

/// Something with keys: a table.
pub(super) trait Keyed: Default {
    /// All that it has, in the order of the documentation.
    fn keys() -> Vec<Key>;

    /// Says one of them; `false` if there is none of this name.
    fn say(&mut self, key: &str, node: &Node) -> Result<bool, Fault>;
}

/// How something is said.
pub(super) enum Shape {
    /// By one value, or a list of them.
    Value,
    /// By a table with these keys.
    Table(Vec<Key>),
    /// By one value, or by a table with these keys.
    Either(Vec<Key>),
    /// By a list of tables with these keys.
    Tables(Vec<Key>),
}

/// A key, and what stands under it.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

impl Shape {
    /// The keys of the table, if it can be one.
    pub(super) fn keys(&self) -> &[Key] {
        match self {
            Self::Value => &[],
            Self::Table(keys) | Self::Either(keys) | Self::Tables(keys) => keys,
        }
    }
}

/// Reads a table.
pub(super) fn read_table<T: Keyed>(node: &Node) -> Result<T, Fault> {
    let Value::Table(table) = &node.value else {
        let names: Vec<_> = T::keys().iter().map(|key| key.name).collect();
        let reason = format!("it is {}; give a table with the keys {}", node.kind(), names.join(", "));
        return Err(SettingError::value(&node.place, reason));
    };
    let mut said = T::default();
    for entry in &table.entries {
        let known = said.say(&entry.key, &entry.node).map_err(|fault| fault.under(&entry.key))?;
        if !known {
            let advice = unknown::advice(&entry.key, &T::keys());
            return Err(SettingError::new(&entry.place, Problem::UnknownKey(advice)).under(&entry.key));
        }
    }
    Ok(said)
}

impl<T: Keyed> FromNode for T {
    fn shape() -> Shape {
        Shape::Table(T::keys())
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        read_table(node)
    }
}

/// What a builder makes of a value, where there is one.
pub(super) fn with<B, T>(builder: B, value: Option<T>, set: impl FnOnce(B, T) -> B) -> B {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

/// A table whose keys are its fields, each said or not, and those of what stands behind `with`.
macro_rules! keyed {
    (
        $(#[$meta:meta])*
        struct $name:ident { $($key:ident: $kind:ty),+ $(,)? }
        $(with $($inner:ident: $flattened:ty),+)?
    ) => {
        $(#[$meta])*
        #[derive(Default)]
        pub(super) struct $name {
            $(pub(super) $key: Option<$kind>,)+
            $($(pub(super) $inner: $flattened,)+)?
        }

        impl $crate::config::text::keyed::Keyed for $name {
            fn keys() -> Vec<$crate::config::text::keyed::Key> {
                let own = [$($crate::config::text::keyed::Key {
                    name: stringify!($key),
                    shape: <$kind as $crate::config::text::keyed::FromNode>::shape(),
                },)+];
                let keys = own.into_iter();
                $($(let keys = keys.chain(<$flattened as $crate::config::text::keyed::Keyed>::keys());)+)?
                keys.collect()
            }

            fn say(
                &mut self,
                key: &str,
                node: &$crate::config::text::tree::Node,
            ) -> Result<bool, $crate::config::text::error::Fault> {
                $(if key == stringify!($key) {
                    self.$key = Some($crate::config::text::keyed::FromNode::read(node)?);
                    return Ok(true);
                })+
                $($(if $crate::config::text::keyed::Keyed::say(&mut self.$inner, key, node)? {
                    return Ok(true);
                })+)?
                Ok(false)
            }
        }
    };
}
pub(super) use keyed;
