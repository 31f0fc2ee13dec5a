//! Board and alerts ask for what is served, and for nothing else.

use std::collections::BTreeSet;

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use super::story::Story;

const BOARD: &str = include_str!("grafana.json");
const ALERTS: &str = include_str!("alerts.yml");

#[tokio::test]
async fn b52_board_and_alerts_ask_for_metrics_and_labels_that_are_served() {
    let story = Story::begin(0).await.unwrap();
    let served = story.tell().await.unwrap();
    story.end().await;
    let served = Served::new(&served);
    for expression in expressions_of_the_board().into_iter().chain(expressions_of_the_alerts()) {
        let asked: Vec<_> = words(&expression).filter(|word| is_ours(word)).collect();
        assert!(
            asked.iter().any(|word| served.metrics.contains(*word)),
            "asks for nothing of ours: {expression}"
        );
        for word in asked {
            let is_known = served.metrics.contains(word) || served.labels.contains(word);
            assert!(is_known, "{word} is not served, but asked for by {expression}");
        }
    }
}

/// The names in what was served.
struct Served<'a> {
    metrics: BTreeSet<&'a str>,
    labels: BTreeSet<&'a str>,
}

impl<'a> Served<'a> {
    fn new(text: &'a str) -> Self {
        let samples = || text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let metrics = samples().filter_map(|line| line.split(['{', ' ']).next()).collect();
        let labels = samples().flat_map(|line| line.split(['{', ',']).skip(1));
        let labels = labels.filter_map(|label| Some(label.split_once('=')?.0)).collect();
        Self { metrics, labels }
    }
}

fn words(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
}

fn is_ours(word: &str) -> bool {
    ["redis_", "db_", "error_"].iter().any(|prefix| word.starts_with(prefix))
}

fn expressions_of_the_board() -> Vec<String> {
    let board: Value = serde_json::from_str(BOARD).unwrap();
    let panels = board["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let panels: Vec<_> = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let variables = board["templating"]["list"].as_array().unwrap().iter();
    let queries =
        variables.filter_map(|variable| variable["query"].as_str()).filter(|query| query.contains('('));
    let all: Vec<_> = panels.into_iter().chain(queries.map(str::to_owned)).collect();
    assert!(all.len() >= 10, "{all:?}");
    all
}

fn expressions_of_the_alerts() -> Vec<String> {
    let documents = YamlLoader::load_from_str(ALERTS).unwrap();
    let rules = |group: &Yaml| group["rules"].as_vec().unwrap().clone();
    let rules: Vec<_> = documents[0]["groups"].as_vec().unwrap().iter().flat_map(rules).collect();
    let alerts: BTreeSet<_> = rules.iter().map(|rule| rule["alert"].as_str().unwrap()).collect();
    assert_eq!(alerts.len(), rules.len(), "each has a name of its own");
    let expression = |rule: &Yaml| {
        assert!(rule["annotations"]["summary"].as_str().is_some(), "{rule:?}");
        rule["expr"].as_str().unwrap().to_owned()
    };
    assert!(rules.len() >= 5);
    rules.iter().map(expression).collect()
}
