//! What was probably meant by a key that is unknown.

use super::client::Client;
use super::foreign;
use super::keyed::{Key, Keyed, Shape};

/// Advice on `key`, which is none of `keys`.
pub(super) fn advice(key: &str, keys: &[Key]) -> Option<String> {
    let spelled = snake_case(key);
    let here = |name: &str| keys.iter().any(|key| key.name == name);
    if here(&spelled) {
        return Some(format!("write {spelled}"));
    }
    if let Some(advice) = foreign::advice(&spelled) {
        return Some(advice.to_owned());
    }
    if let Some(path) = inside(keys, &spelled) {
        return Some(format!("here it is {path}"));
    }
    if let Some(advice) = elsewhere(&spelled) {
        return Some(advice);
    }
    nearest(&spelled, keys).map(|name| format!("did you mean {name}?"))
}

/// `healthCheckInterval`, `health-check-interval` and `HEALTH_CHECK_INTERVAL` in the way that ours are written.
fn snake_case(key: &str) -> String {
    let mut spelled = String::with_capacity(key.len() + 4);
    let mut after_lower = false;
    for letter in key.chars() {
        if letter.is_ascii_uppercase() && after_lower {
            spelled.push('_');
        }
        after_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        spelled.push(if letter == '-' { '_' } else { letter.to_ascii_lowercase() });
    }
    spelled
}

/// Its path, if it stands in a table under these keys.
fn inside(keys: &[Key], wanted: &str) -> Option<String> {
    keys.iter().filter(|key| !matches!(key.shape, Shape::Tables(_))).find_map(|key| {
        let inner = key.shape.keys();
        if inner.iter().any(|key| key.name == wanted) {
            return Some(format!("{}.{wanted}", key.name));
        }
        inside(inner, wanted).map(|path| format!("{}.{path}", key.name))
    })
}

/// Where it stands, if not here. What follows `[[databases]]` belongs to that database, which is easily forgotten.
fn elsewhere(wanted: &str) -> Option<String> {
    let all = Client::keys();
    if all.iter().any(|key| key.name == wanted) {
        return Some(format!("{wanted} is said for all databases, at the top, before any table"));
    }
    let of_databases = |key: &&Key| matches!(key.shape, Shape::Tables(_));
    let databases = all.iter().find(of_databases)?;
    if databases.shape.keys().iter().any(|key| key.name == wanted) {
        return Some(format!("{wanted} is said for one database, under [[{}]]", databases.name));
    }
    inside(&all, wanted).map(|path| format!("it is {path}, for all databases"))
}

/// The key that is spelled most nearly so, if any nearly is.
pub(super) fn nearest<'k>(spelled: &str, keys: &'k [Key]) -> Option<&'k str> {
    nearest_of(spelled, keys.iter().map(|key| key.name))
}

/// The name that is spelled most nearly so, if any nearly is: a third of its letters may be wrong.
pub(super) fn nearest_of<'n>(spelled: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // What is far longer than any name is none, and would only take time.
    if spelled.len() > 64 {
        return None;
    }
    let (distance, name) = names.map(|name| (distance(spelled, name), name)).min()?;
    (distance <= name.len() / 3).then_some(name)
}

/// How many letters must be added, left out or changed (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, of_other) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(letter != of_other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b56_the_distance_is_counted_in_letters() {
        for (one, other, letters) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(one, other), letters, "{one} {other}");
        }
    }

    #[test]
    fn b56_a_third_of_the_letters_may_be_wrong() {
        let nearest = |spelled| nearest_of(spelled, ["weight", "standby"].into_iter());
        assert_eq!(nearest("wieght"), Some("weight"));
        assert_eq!(nearest("wxyzht"), None);
    }

    #[test]
    fn b56_other_spellings_are_ours() {
        for key in ["healthCheckInterval", "health-check-interval", "HEALTH_CHECK_INTERVAL"] {
            assert_eq!(snake_case(key), "health_check_interval");
        }
    }
}
