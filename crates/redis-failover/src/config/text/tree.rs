//! What was said, before it is known what it means.

use super::Place;

/// A value, and where it stands. It may be a secret, so there is no `Debug`.
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

pub(super) enum Value {
    Table(Table),
    List(Vec<Node>),
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// A date or a time: nothing here is one.
    Moment,
    /// What a variable says, which may be text, a number or a list.
    Untyped(String),
}

/// Keys with their values, in the order in which they stand.
#[derive(Default)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
}

pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn table(place: Place) -> Self {
        Self { value: Value::Table(Table::default()), place }
    }

    pub(super) fn untyped(text: impl Into<String>, place: Place) -> Self {
        Self { value: Value::Untyped(text.into()), place }
    }

    /// What kind of value it is, for whoever expected another one.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Table(_) => "a table",
            Value::List(_) => "a list",
            Value::Text(_) | Value::Untyped(_) => "text",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Moment => "a date or time",
        }
    }

    /// The text, if it is one and not empty.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Untyped(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// What stands under this key, if it is a table.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        let Value::Table(table) = &self.value else { return None };
        table.entries.iter().find(|entry| entry.key == key)
    }

    /// The node under this key, or this one if there is none.
    pub(super) fn inner(&self, key: &str) -> &Node {
        self.get(key).map_or(self, |entry| &entry.node)
    }

    /// Where this key stands, or where this node does if there is none.
    pub(super) fn place_of(&self, key: &str) -> &Place {
        self.get(key).map_or(&self.place, |entry| &entry.place)
    }

    /// The one at this place of a list.
    pub(super) fn at(&self, index: usize) -> Option<&Node> {
        let Value::List(nodes) = &self.value else { return None };
        nodes.get(index)
    }

    /// The entry of this name in the table or in one inside it, the outermost first; lists are passed over.
    pub(super) fn find(&self, key: &str) -> Option<&Entry> {
        let Value::Table(table) = &self.value else { return None };
        self.get(key).or_else(|| table.entries.iter().find_map(|entry| entry.node.find(key)))
    }

    /// Puts `said` where `path` leads, over what stands there, with tables on the way. What is no table gives way.
    pub(super) fn put(&mut self, path: &[&str], said: Node) {
        let Some((key, rest)) = path.split_first() else {
            *self = said;
            return;
        };
        let place = said.place.clone();
        if !matches!(self.value, Value::Table(_)) {
            *self = Self::table(place.clone());
        }
        let Value::Table(table) = &mut self.value else { return };
        let index = table.entries.iter().position(|entry| entry.key == *key).unwrap_or_else(|| {
            let node = Self::table(place.clone());
            table.entries.push(Entry { key: (*key).to_owned(), place: place.clone(), node });
            table.entries.len() - 1
        });
        let entry = &mut table.entries[index];
        if rest.is_empty() {
            entry.place = place;
        }
        entry.node.put(rest, said);
    }
}
