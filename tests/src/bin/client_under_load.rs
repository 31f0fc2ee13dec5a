//! A client in a process of its own, for stories that stop the process.
//!
//! `client_under_load PRIMARY_URL SECONDARY_URL` says `running` once it serves, goes on until its standard input
//! ends, and then prints one line for each switch.

use std::io::{self, Read as _};

use redis_failover::MultiDbClient;
use tests::{Load, PATIENCE, becomes_active, config, switches};

const CALLERS: usize = 4;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    let [primary, secondary] = &urls[..] else {
        return Err("usage: client_under_load PRIMARY_URL SECONDARY_URL".into());
    };
    let client = MultiDbClient::new(config(primary, secondary))?;
    client.connect(PATIENCE).await?;
    becomes_active(&client, "primary").await;
    let load = Load::start(&client, CALLERS);
    println!("running");

    tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    load.end().await;
    for switch in switches(&client) {
        println!("{switch}");
    }
    Ok(())
}
