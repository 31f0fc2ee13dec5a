//! A web service that keeps its items in Redis, in several regions: axum in front, one client in the state of all
//! requests.
//!
//! `cargo run --example axum_service` starts it with two databases of its own, puts some requests, kills the databases
//! one after the other, and ends. With `--serve` it goes on until it is interrupted; with `--serve URL URL` on databases
//! of yours.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, serve};
use failover_testkit::server::AnyServer;
use redis::{AsyncCommands, RedisError};
use redis_failover::{CallOptions, Error, MultiDbClient, MultiDbConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tower::limit::GlobalConcurrencyLimitLayer;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// All that a request may take, with all attempts and a failover in between.
const DEADLINE: Duration = Duration::from_secs(2);

/// What an orchestrator gives a service that is to end.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// The service: a client, and what is done with it.
fn service(client: MultiDbClient) -> Router {
    Router::new()
        .route("/items/{key}", get(item).put(put_item))
        .route("/visits/{page}", post(visit))
        // Whoever waits for Redis holds a request; there should not be endlessly many of them.
        .layer(GlobalConcurrencyLimitLayer::new(512))
        .route("/live", get(live))
        .route("/ready", get(ready))
        // A clone for each request, which is what clones are for.
        .with_state(client.with(CallOptions::new().deadline(DEADLINE)))
}

async fn item(State(mut client): State<MultiDbClient>, Path(key): Path<String>) -> Result<Response, Failure> {
    let item: Option<String> = client.get(format!("item:{key}")).await?;
    Ok(match item {
        Some(item) => item.into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such item").into_response(),
    })
}

/// A SET may be repeated, so that a failover is not noticed here.
async fn put_item(
    State(mut client): State<MultiDbClient>,
    Path(key): Path<String>,
    item: String,
) -> Result<StatusCode, Failure> {
    client.set::<_, _, ()>(format!("item:{key}"), item).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An INCR may not: whether one that was lost on the way was counted, nobody can know.
async fn visit(State(mut client): State<MultiDbClient>, Path(page): Path<String>) -> Result<String, Failure> {
    let visits: u64 = client.incr(format!("visits:{page}"), 1).await?;
    Ok(visits.to_string())
}

/// Whether this process is to be started again: never because of Redis, which a new process would find as it is.
async fn live() -> &'static str {
    "live"
}

/// Whether requests are to come here: as long as one database serves, however many regions are down.
async fn ready(State(client): State<MultiDbClient>) -> Response {
    let active = client.snapshot().and_then(|snapshot| snapshot.active);
    match active.filter(|_| !client.is_closed()) {
        Some(active) => format!("ready, with {active}").into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "no database is available").into_response(),
    }
}

/// What a caller is told if Redis fails.
struct Failure(RedisError);

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let of_the_client = Error::of(&self.0);
        // Nothing was done; the same request may be made again, a little later.
        if let Some(Error::TemporarilyUnavailable(outage) | Error::NoValidDatabase(outage)) = of_the_client {
            let seconds = outage.retry_after.as_secs() + 1;
            let again = [(header::RETRY_AFTER, seconds.to_string())];
            return (StatusCode::SERVICE_UNAVAILABLE, again, "no database is available").into_response();
        }
        let (status, explanation) = match of_the_client {
            Some(Error::MayHaveBeenApplied(_)) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "it was done, or it was not: look before you ask for it again",
            ),
            Some(Error::TimedOut(_)) => {
                (StatusCode::GATEWAY_TIMEOUT, "the database is too slow; nothing was changed")
            }
            Some(Error::Closed) => (StatusCode::SERVICE_UNAVAILABLE, "this instance shuts down"),
            // What it says is for our logs.
            _ => {
                eprintln!("redis: {}", self.0);
                (StatusCode::INTERNAL_SERVER_ERROR, "the database refused it")
            }
        };
        (status, explanation).into_response()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.split_first() {
        None => demonstrate().await,
        Some((serve, urls)) if serve == "--serve" => serve_on(urls).await,
        Some((argument, _)) => Err(format!("what is {argument}? there is --serve [URL URL …]").into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until `shutdown`, then finishes what has begun: first the requests, then the client.
async fn run(
    client: MultiDbClient,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), BoxError> {
    let served = serve(listener, service(client.clone())).with_graceful_shutdown(shutdown);
    let served = served.await;
    client.close(SHUTDOWN).await;
    Ok(served?)
}

async fn serve_on(urls: &[String]) -> Result<(), BoxError> {
    let (mut own, mut urls) = (Vec::new(), urls.to_vec());
    if urls.is_empty() {
        own.extend([AnyServer::start().await?, AnyServer::start().await?]);
        urls.extend(own.iter().map(AnyServer::url));
    }
    let client = MultiDbClient::from_urls(&urls)?;
    client.connect(Duration::from_secs(10)).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("serving on http://{}, until it is interrupted", listener.local_addr()?);
    let interrupted = async {
        // Without a handler for it, the interrupt ends the process anyway.
        let _ = tokio::signal::ctrl_c().await;
    };
    run(client, listener, interrupted).await
}

/// A day in the life of the service, in some seconds.
async fn demonstrate() -> Result<(), BoxError> {
    let (primary, secondary) = (AnyServer::start().await?, AnyServer::start().await?);
    println!("two databases: {}", primary.describe());
    // More often than in earnest (5 s), so that the demonstration is short.
    let config = MultiDbConfig::from_urls([primary.url(), secondary.url()])?
        .health_check_interval(Duration::from_millis(500));
    let client = MultiDbClient::new(config)?;
    client.connect(Duration::from_secs(10)).await?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let web = Web(listener.local_addr()?);
    let (shut_down, shutdown) = oneshot::channel::<()>();
    let running = tokio::spawn(run(client, listener, async {
        let _ = shutdown.await;
    }));

    web.expect("PUT", "/items/apple", "green", 204).await?;
    web.expect("GET", "/items/apple", "", 200).await?;
    web.expect("GET", "/items/pear", "", 404).await?;
    web.expect("POST", "/visits/home", "", 200).await?;
    web.expect("GET", "/ready", "", 200).await?;

    println!("the primary is killed");
    primary.kill()?;
    // Nobody notices. (In earnest the databases replicate; these do not, so the item is put again.)
    web.expect("PUT", "/items/apple", "red", 204).await?;
    web.expect("GET", "/items/apple", "", 200).await?;
    web.expect("GET", "/ready", "", 200).await?;

    println!("the secondary is killed too");
    secondary.kill()?;
    web.becomes("/ready", 503).await?;
    let refused = web.expect("GET", "/items/apple", "", 503).await?;
    if !refused.to_ascii_lowercase().contains("retry-after:") {
        return Err(format!("nobody is told when to try again: {refused}").into());
    }
    web.expect("GET", "/live", "", 200).await?;

    println!("the secondary is back");
    secondary.restart().await?;
    web.becomes("/ready", 200).await?;
    web.expect("PUT", "/items/apple", "yellow", 204).await?;

    println!("the service is to end");
    // Whoever listens for it is the service.
    let _ = shut_down.send(());
    timeout(SHUTDOWN * 2, running).await??
}

/// A client of the web service, as simple as can be.
struct Web(SocketAddr);

impl Web {
    async fn ask(&self, method: &str, path: &str, body: &str) -> Result<(u16, String), BoxError> {
        let mut stream = TcpStream::connect(self.0).await?;
        let length = body.len();
        // HTTP/1.0 ends the answer with the connection.
        let request = format!("{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        timeout(DEADLINE * 2, stream.read_to_string(&mut answer)).await??;
        let status = answer.split(' ').nth(1).ok_or("no status")?.parse()?;
        Ok((status, answer))
    }

    async fn expect(&self, method: &str, path: &str, body: &str, wanted: u16) -> Result<String, BoxError> {
        let (status, answer) = self.ask(method, path, body).await?;
        let text = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        println!("  {method} {path} {body}: {status} {text}");
        if status == wanted { Ok(answer) } else { Err(format!("{wanted} was expected: {answer}").into()) }
    }

    async fn becomes(&self, path: &str, wanted: u16) -> Result<(), BoxError> {
        let waiting = async {
            while self.ask("GET", path, "").await?.0 != wanted {
                sleep(Duration::from_millis(20)).await;
            }
            Ok::<_, BoxError>(())
        };
        timeout(Duration::from_secs(15), waiting)
            .await
            .map_err(|_| format!("{path} did not become {wanted}"))??;
        println!("  GET {path}: {wanted}");
        Ok(())
    }
}
