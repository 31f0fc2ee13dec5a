//! Two databases, used as if they were one.
//!
//! `cargo run --example quickstart` looks for them on the ports 6379 and 6380; or give their URLs:
//! `cargo run --example quickstart -- redis://db-primary:6379/0 redis://db-secondary:6379/0`

use std::process::ExitCode;
use std::time::Duration;

use redis::AsyncCommands;
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};

type BoxError = Box<dyn std::error::Error>;

async fn quickstart(primary: &str, secondary: &str) -> Result<(), BoxError> {
    let mut client = MultiDbClient::new(MultiDbConfig::new([
        DatabaseConfig::from_url(primary)?.name("primary").weight(1.0),
        DatabaseConfig::from_url(secondary)?.name("secondary").weight(0.5),
    ]))?;
    client.connect(Duration::from_secs(3)).await?;

    client.set::<_, _, ()>("greeting", "hello").await?;
    let greeting: String = client.get("greeting").await?;
    let active = client.snapshot().and_then(|snapshot| snapshot.active);
    println!("{greeting} from the {}", active.as_deref().unwrap_or("unknown"));
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let given: Vec<_> = std::env::args().skip(1).collect();
    let (primary, secondary) = match given.as_slice() {
        [] => ("redis://127.0.0.1:6379", "redis://127.0.0.1:6380"),
        [primary, secondary] => (primary.as_str(), secondary.as_str()),
        _ => {
            eprintln!("usage: quickstart [PRIMARY_URL SECONDARY_URL]");
            return ExitCode::from(2);
        }
    };
    match quickstart(primary, secondary).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            eprintln!("Is one of the two databases running? `redis-server --port 6379` starts one here.");
            ExitCode::FAILURE
        }
    }
}
