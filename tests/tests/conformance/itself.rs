//! That the runner can fail: no story is green whatever happens.

use std::collections::BTreeSet;

use crate::harness::Test;
use crate::mutate::mutants;
use crate::run::tell;

const STORY: &str = r#"
title = "East serves"
rules = ["B1"]
members = [{ name = "east" }]
[[phases]]
name = "the start"
inputs = [{ calls = { count = 2 } }]
expect = { active = "east", calls = { east = 2 } }
"#;

pub(crate) fn tests(stories: &[(String, String)]) -> Vec<Test> {
    let stories = stories.to_vec();
    let (titles, keys) = (stories.clone(), stories.clone());
    vec![
        Test::new("itself_every_expectation_of_every_story_can_fail", move || every_one_can_fail(&stories)),
        Test::new("itself_every_story_tells_something_of_its_own", move || none_is_told_twice(&titles)),
        Test::new("itself_every_key_of_every_story_is_described", move || every_key_is_described(&keys)),
        Test::new("itself_what_is_not_known_is_refused", unknown_is_refused),
    ]
}

fn every_one_can_fail(stories: &[(String, String)]) -> Result<(), String> {
    let mut tried = 0;
    let mut green = Vec::new();
    for (name, text) in stories {
        for (place, mutant) in mutants(text).map_err(|error| format!("{name}: {error}"))? {
            tried += 1;
            if tell(&mutant).is_ok() {
                green.push(format!("{name}, {place}"));
            }
        }
    }
    println!("{tried} expectations changed, {} of them unnoticed", green.len());
    if tried < stories.len() {
        return Err("there are stories without expectations".into());
    }
    if green.is_empty() { Ok(()) } else { Err(format!("not noticed:\n{}", green.join("\n"))) }
}

fn none_is_told_twice(stories: &[(String, String)]) -> Result<(), String> {
    let mut titles = BTreeSet::new();
    for (name, text) in stories {
        let story: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let rules: Vec<_> =
            story["rules"].as_array().unwrap().iter().filter_map(|rule| rule.as_str()).collect();
        let first = name.split('_').next().unwrap_or_default().to_uppercase();
        if !rules.contains(&first.as_str()) {
            return Err(format!("{name} begins with {first}, and tells of {}", rules.join(", ")));
        }
        if !titles.insert(story["title"].to_string()) {
            return Err(format!("{name} has the title of another story"));
        }
    }
    Ok(())
}

fn unknown_is_refused() -> Result<(), String> {
    tell(STORY)?;
    let broken = [
        ("title", "tilte"),
        ("members = [{ name", "members = [{ color = \"red\", name"),
        ("name = \"the start\"", "name = \"the start\"\nexpects = {}"),
        ("{ count = 2 }", "{ count = 2, often = true }"),
        ("{ calls = { count", "{ cals = { count"),
        ("active = \"east\"", "aktive = \"east\""),
        ("expect = { active", "expect = { members.west.weight = 1.0, active"),
        ("active = \"east\"", "active = \"west\""),
        ("east = 2 }", "east = 1 }"),
        ("calls = { east = 2 }", "calls = {}"),
        ("rules = [\"B1\"]", "rules = [\"B1\"]\nsettings = { grace_period = \"1s\" }"),
        ("rules = [\"B1\"]", "rules = [\"B1\"]\nsettings.circuit.grace_period = 60"),
        ("rules = [\"B1\"]", "rules = [\"B1\"]\nsettings.circuit.grace_period = \"60 s\""),
        ("expect = {", "ignored = {"),
    ];
    for (line, instead) in broken {
        if !STORY.contains(line) {
            return Err(format!("nothing is broken: {line}"));
        }
        if tell(&STORY.replacen(line, instead, 1)).is_ok() {
            return Err(format!("green, although it says: {instead}"));
        }
    }
    Ok(())
}

/// Every key of a story is described for whoever reads it in another language.
fn every_key_is_described(stories: &[(String, String)]) -> Result<(), String> {
    let page = include_str!("../../scenarios/README.md");
    let mut keys = BTreeSet::new();
    for (_, text) in stories {
        let story: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        keys_of(&story.into(), &mut keys);
    }
    let is_described =
        |key: &String| page.contains(&format!("`{key}`")) || page.contains(&format!("{key} ="));
    let missing: Vec<_> = keys.into_iter().filter(|key| !is_described(key)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not described: {}", missing.join(", "))) }
}

/// All keys but names that the story itself gives.
fn keys_of(value: &toml::Value, keys: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, inner) in table {
                keys.insert(key.clone());
                match inner {
                    toml::Value::Table(named) if key == "members" => {
                        named.values().for_each(|inner| keys_of(inner, keys));
                    }
                    // Of calls made, keys are the story's; of calls that ended, they are names.
                    toml::Value::Table(ended)
                        if key == "calls" && ended.values().all(toml::Value::is_integer) => {}
                    toml::Value::Table(_) if key == "probes" || key == "failures_told" => {}
                    inner => keys_of(inner, keys),
                }
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| keys_of(item, keys)),
        _ => {}
    }
}
