//! A client whose configuration is read: from a file, with what the environment says over it.
//!
//! - `cargo run --example from_config -- my.toml` reads that file, and the variables `REDIS_FAILOVER_…`
//! - `cargo run --example from_config` needs no server: it reads the sample that lies with the documentation, and puts
//!   two servers of its own in the place of the sample's, as one would in a test

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis::AsyncCommands;
use redis_failover::{MultiDbClient, MultiDbConfig};

type BoxError = Box<dyn std::error::Error>;

const SAMPLE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/redis-failover/docs/redis-failover.toml");

/// The file, and the process's own variables over it.
fn of_the_reader(file: PathBuf) -> Result<MultiDbConfig, BoxError> {
    let file = ("REDIS_FAILOVER_CONFIG".to_owned(), file.display().to_string());
    // Others than ours may be no UTF-8, and are nobody's business here.
    let variables = std::env::vars_os();
    let variables =
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let variables = variables.filter(|(name, _)| *name != file.0);
    Ok(MultiDbConfig::from_env_with("REDIS_FAILOVER", variables.chain([file.clone()]))?)
}

/// The sample, and variables that give its databases other URLs, and a shorter grace period.
fn of_the_sample(servers: [&AnyServer; 2]) -> Result<MultiDbConfig, BoxError> {
    let variables = [
        ("REDIS_FAILOVER_CONFIG", SAMPLE.to_owned()),
        ("REDIS_FAILOVER_DATABASE_1_URL", servers[0].url()),
        ("REDIS_FAILOVER_DATABASE_2_URL", servers[1].url()),
        ("REDIS_FAILOVER_GRACE_PERIOD", "2s".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    Ok(MultiDbConfig::from_env_with("REDIS_FAILOVER", variables)?)
}

/// Says what was understood, and uses it.
async fn run(config: MultiDbConfig) -> Result<(), BoxError> {
    println!("understood:\n{config:#?}\n");
    let mut client = MultiDbClient::new(config)?;
    client.connect(Duration::from_secs(10)).await?;
    client.set::<_, _, ()>("greeting", "hello").await?;
    let greeting: String = client.get("greeting").await?;

    let snapshot = client.snapshot().ok_or("not started")?;
    let active = snapshot.active.as_deref().unwrap_or("nobody");
    println!("{greeting} from {active}");
    for member in &snapshot.members {
        println!("  {}: weight {}, {:?}", member.name, member.weight.get(), member.view.verdict);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let given: Vec<_> = std::env::args_os().skip(1).collect();
    let outcome = match given.as_slice() {
        [] => with_servers_of_its_own().await,
        [file] => match of_the_reader(file.into()) {
            Ok(config) => run(config).await,
            Err(error) => Err(error),
        },
        _ => {
            eprintln!("usage: from_config [FILE]");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // It names the file, the line and the key, and shows no password.
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn with_servers_of_its_own() -> Result<(), BoxError> {
    let (primary, secondary) = (AnyServer::start().await?, AnyServer::start().await?);
    println!("two databases: {}", primary.describe());

    // What is wrong is told before anything is dialled.
    let wrong = "health_check_timeout = 3\n[[databases]]\nurl = 'redis://:secret@db-primary'";
    let error = MultiDbConfig::from_toml(wrong).err().ok_or("a key of redis-py's was accepted")?;
    println!("a wrong one would be told so:\n  {error}\n");

    run(of_the_sample([&primary, &secondary])?).await
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    use super::*;

    /// Runs itself once more, with such a variable.
    #[test]
    fn variables_of_others_need_not_be_utf_8() {
        const OF_OTHERS: &str = "SOMETHING_OF_OTHERS";
        if std::env::var_os(OF_OTHERS).is_some() {
            assert!(of_the_reader(SAMPLE.into()).is_ok());
            return;
        }
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "tests::variables_of_others_need_not_be_utf_8"]);
        assert!(again.env(OF_OTHERS, OsStr::from_bytes(b"caf\xe9")).status().unwrap().success());
    }
}
