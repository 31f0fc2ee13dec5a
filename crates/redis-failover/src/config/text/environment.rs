//! Variables of the environment, over what a file says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::client::{Client, Database, list};
use super::error::{Fault, Problem, SettingError};
use super::keyed::{Key, Keyed, Shape};
use super::place::Place;
use super::tree::{Entry, Node, Table, Value};
use super::unknown::nearest_of;

/// What Kubernetes tells of a service that has our name, as `REDIS_FAILOVER_PORT_6379_TCP`. No key of ours begins so.
const OF_KUBERNETES: [&str; 3] = ["SERVICE_HOST", "SERVICE_PORT", "PORT"];

/// How the variables of one database begin: `DATABASE_1_URL`.
const OF_DATABASE: &str = "DATABASE_";

/// Which variables there may be, by their names without the prefix, each with the path that it leads to.
pub(super) type Names = BTreeMap<String, Vec<&'static str>>;

/// The tree that `variables` say; `read_file` reads the file that one of them may name.
pub(super) fn parse(
    prefix: &str,
    variables: impl IntoIterator<Item = (String, String)>,
    read_file: impl FnOnce(&Path) -> Result<Node, Fault>,
) -> Result<Node, Fault> {
    let begin = format!("{prefix}_");
    let mut ours: BTreeMap<String, String> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(&begin)?.to_owned(), value)))
        .filter(|(name, value)| !value.is_empty() && !is_of_kubernetes(name))
        .collect();
    let place = |name: &str| Place::Variable(format!("{begin}{name}").into());
    let mut root = match ours.remove("CONFIG") {
        Some(path) => read_file(Path::new(&path))?,
        None => Node::table(place("*")),
    };
    if let Some(entry) = root.get("databases") {
        list(&entry.node).map_err(|fault| fault.under("databases"))?;
    }
    let (names, of_database) = (names::<Client>(), names::<Database>());
    let mut said = Vec::new();
    // In the order of their numbers, since each database follows the one before it.
    let mut ours: Vec<_> = ours.iter().map(|(name, value)| (numbered(name), name, value)).collect();
    ours.sort_by_key(|(numbered, ..)| numbered.map(|(number, _)| number));
    for (numbered, name, value) in ours {
        let node = Node::untyped(value, place(name));
        match numbered {
            Some((number, key)) => {
                let path = path(key, &of_database, &node.place)?;
                let database = database(&mut root, number, place(&format!("{OF_DATABASE}{number}_*")))
                    .ok_or_else(|| missing(number, &node.place))?;
                one_of(&mut said, (Some(number), path), &node.place)?;
                database.put(path, node);
            }
            None => {
                let path = path(name, &names, &node.place)?;
                one_of(&mut said, (None, path), &node.place)?;
                root.put(path, node);
            }
        }
    }
    Ok(root)
}

fn is_of_kubernetes(name: &str) -> bool {
    OF_KUBERNETES.iter().any(|of_kubernetes| {
        let rest = name.strip_prefix(of_kubernetes);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

/// The number of a database, and the key that stands behind it.
fn numbered(name: &str) -> Option<(usize, &str)> {
    let (number, key) = name.strip_prefix(OF_DATABASE)?.split_once('_')?;
    Some((number.parse().ok()?, key))
}

fn path<'n>(name: &str, names: &'n Names, place: &Place) -> Result<&'n [&'static str], Fault> {
    names.get(name).map(Vec::as_slice).ok_or_else(|| {
        let nearest = nearest_of(name, names.keys().map(String::as_str));
        let advice = nearest.map(|nearest| format!("did you mean {nearest}?"));
        SettingError::new(place, Problem::UnknownKey(advice)).under(name)
    })
}

/// The table of a database: one of the file's, or the next after them.
fn database(root: &mut Node, number: usize, place: Place) -> Option<&mut Node> {
    if root.get("databases").is_none() {
        root.put(&["databases"], Node { value: Value::List(Vec::new()), place: place.clone() });
    }
    let Value::Table(Table { entries }) = &mut root.value else { return None };
    let entry: &mut Entry = entries.iter_mut().find(|entry| entry.key == "databases")?;
    let Value::List(databases) = &mut entry.node.value else { return None };
    let index = number.checked_sub(1)?;
    if index == databases.len() {
        databases.push(Node::table(place));
    }
    databases.get_mut(index)
}

fn missing(number: usize, place: &Place) -> Fault {
    let reason = "databases are counted from 1, each after the one before it";
    SettingError::new(place, Problem::Missing(reason.into())).of(format!("number {number}"))
}

/// `SUSPICION=fast` and `SUSPICION_SUSPECT_AFTER` cannot both hold.
fn one_of<'n>(
    said: &mut Vec<(Option<usize>, &'n [&'static str])>,
    new: (Option<usize>, &'n [&'static str]),
    place: &Place,
) -> Result<(), Fault> {
    let contradicts = |(number, path): &&(Option<usize>, &[&str])| {
        *number == new.0 && *path != new.1 && (path.starts_with(new.1) || new.1.starts_with(path))
    };
    if let Some((_, other)) = said.iter().find(contradicts) {
        let reason = format!("there is {} too; give one of them", variable(other));
        return Err(SettingError::new(place, Problem::Contradiction(reason)).under(&new.1.join("_")));
    }
    said.push(new);
    Ok(())
}

/// A path as a variable names it.
fn variable(path: &[&str]) -> String {
    path.join("_").to_ascii_uppercase()
}

/// The variables that say what has keys.
pub(super) fn names<T: Keyed>() -> Names {
    let mut names = Names::new();
    collect(&T::keys(), &mut Vec::new(), &mut names);
    names
}

fn collect(keys: &[Key], above: &mut Vec<&'static str>, names: &mut Names) {
    for key in keys {
        above.push(key.name);
        if matches!(key.shape, Shape::Value | Shape::Either(_)) {
            names.insert(variable(above), above.clone());
        }
        if matches!(key.shape, Shape::Table(_) | Shape::Either(_)) {
            collect(key.shape.keys(), above, names);
        }
        above.pop();
    }
}

/// The process's variables that begin with the prefix.
pub(super) fn of_process(prefix: &str) -> Result<Vec<(String, String)>, Fault> {
    let begins = |name: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_'));
    let ours = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(begins));
    ours.map(|(name, value)| {
        let name = name.to_string_lossy().into_owned();
        let place = Place::Variable(Arc::from(name.as_str()));
        let value = value.into_string().map_err(|_| SettingError::value(&place, "it is not UTF-8"))?;
        Ok((name, value))
    })
    .collect()
}
