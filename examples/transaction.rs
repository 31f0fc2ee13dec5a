//! Moves stock between two shelves, all or nothing, whichever database serves.
//!
//! `cargo run --example transaction` looks for databases on the ports 6379 and 6380; or give their URLs:
//! `cargo run --example transaction -- redis://db-primary:6379/0 redis://db-secondary:6379/0`

use std::process::ExitCode;
use std::time::Duration;

use redis::AsyncCommands;
use redis_failover::{Error, MultiDbClient};

const BERLIN: &str = "{stock}:berlin";
const PARIS: &str = "{stock}:paris";

/// Takes from Berlin what is there, but no more than `wanted`. Tells what both have then; `None` if Berlin has nothing.
async fn move_stock(client: &MultiDbClient, wanted: i64) -> Result<Option<(i64, i64)>, Error> {
    client
        .transaction(&[BERLIN, PARIS], |mut connection, mut pipeline| async move {
            // Only reads: this runs again whenever somebody else was faster, or the database was left.
            let there: Option<i64> = connection.get(BERLIN).await?;
            let moved = there.unwrap_or(0).min(wanted);
            if moved <= 0 {
                return Ok(None);
            }
            pipeline.decr(BERLIN, moved).incr(PARIS, moved);
            Ok(Some(pipeline))
        })
        .await
}

async fn run(urls: &[String]) -> Result<(), Error> {
    let mut client = MultiDbClient::from_urls(urls)?;
    client.connect(Duration::from_secs(3)).await?;
    let stocked = client.set_nx::<_, _, bool>(BERLIN, 100).await;
    stocked.map_err(|error| Error::of(&error).cloned().unwrap_or_else(|| Error::Redis(error.into())))?;

    match move_stock(&client, 30).await {
        Ok(Some((berlin, paris))) => println!("Berlin has {berlin}, Paris has {paris}"),
        Ok(None) => println!("there is nothing left to move"),
        // Only whoever knows what the numbers mean can tell what is to be done: look, count, or ask.
        Err(Error::MayHaveBeenApplied(_)) => {
            println!("it may have been moved, or not: count before you move again");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let given: Vec<_> = std::env::args().skip(1).collect();
    let urls = match given.len() {
        0 => vec!["redis://127.0.0.1:6379".to_owned(), "redis://127.0.0.1:6380".to_owned()],
        2 => given,
        _ => {
            eprintln!("usage: transaction [PRIMARY_URL SECONDARY_URL]");
            return ExitCode::from(2);
        }
    };
    match run(&urls).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            eprintln!("Is one of the two databases running? `redis-server --port 6379` starts one here.");
            ExitCode::FAILURE
        }
    }
}
