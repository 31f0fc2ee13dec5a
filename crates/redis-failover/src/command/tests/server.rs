//! Against a real server; without one these tests say so and pass.

use std::{
    path::PathBuf,
    process::{Child, Command as Process, Stdio},
    time::Duration,
};

use failover_testkit::server::RealServer;
use redis::{AsyncConnectionConfig, Value, aio::MultiplexedConnection};

use super::super::{
    Command,
    rows::{
        ROWS,
        flag::{B, C, I, M, N, R, S, W},
    },
    send,
};
use super::words;
use crate::connection::{Address, Connect, TcpConnect};

/// A server on a unix socket in a directory of its own; both end with it.
struct Server {
    process: Child,
    directory: PathBuf,
}

impl Server {
    fn start(name: &str) -> Option<Self> {
        let program = RealServer::find_or_skip()?;
        let directory = std::env::temp_dir().join(format!("redis-failover-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let process = Process::new(&program)
            .args(["--port", "0", "--save", "", "--unixsocket", "socket", "--dir"])
            .arg(&directory)
            .current_dir(&directory)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { process, directory })
    }

    async fn connect(&self) -> MultiplexedConnection {
        let address = Address::Unix(self.directory.join("socket"));
        let stream = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                match TcpConnect.connect(&address).await {
                    Ok(stream) => break stream,
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        });
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(20)));
        let settings = redis::RedisConnectionInfo::default();
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&settings, stream.await.unwrap(), config).await.unwrap();
        tokio::spawn(driver);
        connection
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[tokio::test]
async fn a_command_and_a_pipeline_are_sent() {
    let Some(server) = Server::start("send") else { return };
    let connection = server.connect().await;

    let set = words("SET k v");
    assert_eq!(send(connection.clone(), Command::from(&set)).await.unwrap(), Value::Okay);

    let mut pipeline = redis::pipe();
    pipeline.get("k").del("k");
    let replies = Value::Array(vec![Value::BulkString(b"v".to_vec()), Value::Int(1)]);
    assert_eq!(send(connection.clone(), Command::pipeline(&pipeline, 0, 2)).await.unwrap(), replies);

    pipeline.atomic();
    let replies = Value::Array(vec![Value::Array(vec![Value::Nil, Value::Int(0)])]);
    assert_eq!(send(connection, Command::from(pipeline)).await.unwrap(), replies);
}

/// Names the rows to change and to add, in the form of `rows.rs`: this is how the table is brought up to date.
#[tokio::test]
async fn the_table_says_what_the_server_says() {
    let Some(server) = Server::start("table") else { return };
    let reply = send(server.connect().await, Command::from(words("COMMAND"))).await.unwrap();
    let mut told = Vec::new();
    commands(&reply, &mut told);
    assert!(told.len() > 200, "COMMAND told of {} commands", told.len());

    let mut wrong = String::new();
    for (name, flags, first, last, step) in told {
        let row = ROWS.iter().find(|row| row.0 == name);
        // Versions differ in what they call blocking, and they do not tell what changes a connection.
        let agrees = row.is_some_and(|row| {
            (row.1 & !(B | C | I), row.2, row.3, row.4) == (flags & !B, first, last, step)
                && row.1 & B >= flags & B
        });
        if !agrees {
            let shown: Vec<&str> = [(R, "R"), (W, "W"), (B, "B"), (M, "M"), (S, "S")]
                .into_iter()
                .filter_map(|(flag, letter)| (flags & flag != 0).then_some(letter))
                .collect();
            let shown = if flags == N { "N".into() } else { shown.join(" | ") };
            wrong += &format!("\n(\"{name}\", {shown}, {first}, {last}, {step}), but the table has {row:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The rows that an answer to `COMMAND` amounts to, subcommands included.
fn commands(reply: &Value, rows: &mut Vec<(String, u16, i8, i8, i8)>) {
    for command in items(reply) {
        let parts = items(command);
        let name = text(&parts[0]).replace('|', " ").to_uppercase();
        let has = |flag: &str| items(&parts[2]).iter().any(|told| text(told) == flag);
        let mut flags = N;
        for (word, flag) in [("readonly", R), ("write", W), ("blocking", B), ("movablekeys", M)] {
            flags |= if has(word) { flag } else { N };
        }
        let subcommands = parts.get(9).map(items).unwrap_or_default();
        flags |= if subcommands.is_empty() { N } else { S };
        let number = |at: usize| redis::from_redis_value_ref::<i8>(&parts[at]).unwrap();
        rows.push((name, flags, number(3), number(4), number(5)));
        if let Some(subcommands) = parts.get(9) {
            commands(subcommands, rows);
        }
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) | Value::Set(items) => items,
        _ => &[],
    }
}

fn text(value: &Value) -> String {
    redis::from_redis_value_ref(value).unwrap()
}
