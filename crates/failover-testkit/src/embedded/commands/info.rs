//! What the server says of itself.

use std::{fmt::Write as _, time::Duration};

use super::{
    Answer, Context, Outcome, Refusal,
    arguments::{timeout, word},
    table::{COMMANDS, find},
};
use crate::embedded::{condition::Condition, glob, resp::Value, store::DATABASES};

/// The version of Redis whose behaviour the embedded server imitates.
pub(super) const VERSION: &str = "7.2.0";

/// Host and port of the master, where the server plays a replica: an address nothing can be at.
const MASTER: (&str, i64) = ("192.0.2.1", 6379);

type Section = fn(&mut Context<'_>) -> Vec<(String, String)>;

const SECTIONS: [(&str, Section); 8] = [
    ("Server", server),
    ("Clients", clients),
    ("Memory", |_| fields([("used_memory", "1000000"), ("maxmemory", "0")])),
    ("Persistence", persistence),
    ("Stats", stats),
    ("Replication", replication),
    ("Cluster", |_| fields([("cluster_enabled", "0")])),
    ("Keyspace", keyspace),
];

pub(super) fn info(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let wanted: Vec<String> = arguments.iter().map(|name| word(name)).collect();
    let all = wanted.iter().any(|name| matches!(name.as_str(), "all" | "default" | "everything"));
    let mut text = String::new();
    for (title, section) in SECTIONS {
        if !all && !wanted.is_empty() && !wanted.contains(&title.to_ascii_lowercase()) {
            continue;
        }
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "# {title}\r\n");
        for (name, value) in section(context) {
            let _ = write!(text, "{name}:{value}\r\n");
        }
    }
    Ok(Value::Verbatim(text))
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Vec<(String, String)> {
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn server(context: &mut Context<'_>) -> Vec<(String, String)> {
    let uptime = context.engine.clock.uptime().as_secs().to_string();
    let process = std::process::id().to_string();
    fields([
        ("redis_version", VERSION),
        ("redis_mode", "standalone"),
        ("process_id", &process),
        ("uptime_in_seconds", &uptime),
    ])
}

fn clients(context: &mut Context<'_>) -> Vec<(String, String)> {
    let connected = context.engine.clients().count().to_string();
    let blocked = context.engine.clients().filter(|(_, client)| client.blocked).count().to_string();
    fields([("connected_clients", &connected), ("blocked_clients", &blocked)])
}

fn persistence(context: &mut Context<'_>) -> Vec<(String, String)> {
    let loading = if context.engine.condition == Condition::Loading { "1" } else { "0" };
    let saved = if context.engine.condition == Condition::MisconfWrites { "err" } else { "ok" };
    fields([("loading", loading), ("rdb_last_bgsave_status", saved)])
}

fn stats(context: &mut Context<'_>) -> Vec<(String, String)> {
    let accepted = context.engine.connections_accepted().to_string();
    let commands = context.engine.commands().values().sum::<u64>().to_string();
    fields([("total_connections_received", &accepted), ("total_commands_processed", &commands)])
}

fn replication(context: &mut Context<'_>) -> Vec<(String, String)> {
    if !context.engine.condition.is_replica() {
        return fields([("role", "master"), ("connected_slaves", "0"), ("master_repl_offset", "0")]);
    }
    let link = if context.engine.condition == Condition::MasterDown { "down" } else { "up" };
    fields([
        ("role", "slave"),
        ("master_host", MASTER.0),
        ("master_port", &MASTER.1.to_string()),
        ("master_link_status", link),
        ("connected_slaves", "0"),
    ])
}

fn keyspace(context: &mut Context<'_>) -> Vec<(String, String)> {
    (0..DATABASES)
        .filter_map(|database| {
            let keys = context.engine.store.keyspace(database);
            let (all, expiring) = keys.live().fold((0, 0), |(all, expiring), (_, entry)| {
                (all + 1, expiring + u64::from(entry.expires.is_some()))
            });
            let line = format!("keys={all},expires={expiring},avg_ttl=0");
            (all > 0).then(|| (format!("db{database}"), line))
        })
        .collect()
}

pub(super) fn role(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    let parts = match &context.engine.condition {
        condition if !condition.is_replica() => {
            vec![Value::text("master"), Value::Integer(0), Value::Array(Vec::new())]
        }
        condition => {
            let link = if *condition == Condition::MasterDown { "connect" } else { "connected" };
            let (host, port) = (Value::text(MASTER.0), Value::Integer(MASTER.1));
            vec![Value::text("slave"), host, port, Value::text(link), Value::Integer(0)]
        }
    };
    Ok(Value::Array(parts))
}

pub(super) fn time(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    let now = context.engine.clock.unix();
    let parts = [now.as_secs().to_string(), now.subsec_micros().to_string()];
    Ok(Value::Array(Value::texts(parts)))
}

pub(super) fn command(_: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let [subcommand, names @ ..] = arguments else { return Ok(described(&[])) };
    match word(subcommand).as_str() {
        "count" => Ok(Value::count(COMMANDS.len())),
        "info" => Ok(described(names)),
        // Documentation is none of a test's business.
        "docs" => Ok(Value::Map(Vec::new())),
        _ => Err(Refusal::unknown_subcommand("COMMAND", subcommand)),
    }
}

/// COMMAND INFO of these commands, or of all.
fn described(names: &[Vec<u8>]) -> Value {
    Value::Array(match names {
        [] => COMMANDS.iter().map(super::Command::describe).collect(),
        names => {
            names.iter().map(|name| find(name).map_or(Value::NullArray, super::Command::describe)).collect()
        }
    })
}

pub(super) fn config(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let configuration = &mut context.engine.configuration;
    match (word(&arguments[0]).as_str(), &arguments[1..]) {
        ("get", [_, ..]) => {
            let matching = configuration.iter().filter(|(name, _)| {
                arguments[1..].iter().any(|pattern| glob::matches(word(pattern).as_bytes(), name.as_bytes()))
            });
            Ok(Value::Map(matching.map(|(name, value)| (Value::text(name), Value::text(value))).collect()))
        }
        ("set", settings) if !settings.is_empty() && settings.len() % 2 == 0 => {
            for setting in settings.chunks(2) {
                configuration.insert(word(&setting[0]), setting[1].clone());
            }
            Ok(Value::OK)
        }
        ("resetstat", []) => Ok(Value::OK),
        ("get" | "set" | "resetstat", _) => Err(Refusal::arity("config")),
        _ => Err(Refusal::unknown_subcommand("CONFIG", &arguments[0])),
    }
}

/// There are no replicas, so none has acknowledged anything.
pub(super) fn wait(_: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    Ok(Value::Integer(0))
}

pub(super) fn debug(_: &mut Context<'_>, arguments: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    match (word(&arguments[0]).as_str(), &arguments[1..]) {
        ("sleep", [seconds]) => Ok(Outcome::Stall(timeout(seconds)?.unwrap_or(Duration::ZERO), Value::OK)),
        _ => Err(Refusal::unknown_subcommand("DEBUG", &arguments[0])),
    }
}
