//! The types a key can hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(in crate::embedded) type List = VecDeque<Vec<u8>>;
pub(in crate::embedded) type Set = BTreeSet<Vec<u8>>;
pub(in crate::embedded) type Hash = BTreeMap<Vec<u8>, Vec<u8>>;

/// The value of a key. Ordered collections, so that replies are the same in every run.
#[derive(Debug, Clone)]
pub(in crate::embedded) enum Data {
    String(Vec<u8>),
    List(List),
    Set(Set),
    Hash(Hash),
}

impl Data {
    /// As TYPE says it.
    pub(in crate::embedded) fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Hash(_) => "hash",
        }
    }
}

/// One of the types of [`Data`].
pub(in crate::embedded) trait Kind: Default {
    fn wrap(self) -> Data;
    fn of(data: &Data) -> Option<&Self>;
    fn of_mut(data: &mut Data) -> Option<&mut Self>;
    /// Whether nothing is left of it, so that its key goes as well.
    fn is_gone(&self) -> bool;
}

macro_rules! kind {
    ($kind:ty, $variant:ident, $gone:expr) => {
        impl Kind for $kind {
            fn wrap(self) -> Data {
                Data::$variant(self)
            }

            fn of(data: &Data) -> Option<&Self> {
                if let Data::$variant(inner) = data { Some(inner) } else { None }
            }

            fn of_mut(data: &mut Data) -> Option<&mut Self> {
                if let Data::$variant(inner) = data { Some(inner) } else { None }
            }

            fn is_gone(&self) -> bool {
                let gone: fn(&Self) -> bool = $gone;
                gone(self)
            }
        }
    };
}

// An empty string is a value, an empty collection is none.
kind!(Vec<u8>, String, |_| false);
kind!(List, List, VecDeque::is_empty);
kind!(Set, Set, BTreeSet::is_empty);
kind!(Hash, Hash, BTreeMap::is_empty);

/// The result of an update, and whether it has changed anything.
#[derive(Debug)]
pub(in crate::embedded) struct Change<R> {
    pub(in crate::embedded) result: R,
    pub(in crate::embedded) changed: bool,
}

impl<R> Change<R> {
    pub(in crate::embedded) fn made(result: R) -> Self {
        Self { result, changed: true }
    }

    pub(in crate::embedded) fn made_if(changed: bool, result: R) -> Self {
        Self { result, changed }
    }
}
