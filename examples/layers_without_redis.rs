//! The layers round a service that knows nothing of Redis: an HTTP-like shop in two regions.
//!
//! `cargo run --example layers_without_redis` needs nothing else: the regions are two services in this process.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_failover::availability::Evidence;
use tower_failover::balance::fixed;
use tower_failover::health::HealthWatch;
use tower_failover::retry::{Assessment, RetryPolicy};
use tower_failover::{
    Availability, Check, Circuit, CircuitBreakerLayer, CircuitError, CircuitSettings, DeadlineError,
    DeadlineLayer, Events, FailoverConfig, FailoverError, FailureDetectorLayer, Health, HealthPlan,
    HealthSettings, Member, Outcome, Probe, RetryLayer, Suspicion, Sweeper, Weight, WeightedFailoverBalance,
};

#[derive(Debug, Clone, Copy)]
struct Request {
    method: &'static str,
    path: &'static str,
}

#[derive(Debug)]
struct Response {
    status: u16,
    served_by: &'static str,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // Two regions, the first one preferred. Their health checks run until the watches are dropped.
    let (events, sweeper) = (Events::default(), Sweeper::spawn());
    let (eu_west, us_east) = (Region::new("eu-west"), Region::new("us-east"));
    let (first, _first_watch) = member(&eu_west, 1.0, &events, &sweeper)?;
    let (second, _second_watch) = member(&us_east, 0.5, &events, &sweeper)?;

    // One active region for all callers, and repeats above it: each goes where calls go by then.
    // (Here and below the waits are shorter than in earnest, for a demonstration must not take minutes.)
    let mut config = FailoverConfig::default();
    config.auto_fallback_interval = Some(Duration::from_secs(1));
    config.events = events;
    let balance = WeightedFailoverBalance::new(fixed([first, second]), config)?;
    let handle = balance.handle();
    let retry = RetryLayer::new(ShopPolicy).route(balance.route());
    let retries = retry.counters();
    let mut shop = ServiceBuilder::new().layer(retry).service(balance);

    // A caller asks every 20 ms, and prints when another region answers.
    let began = Instant::now();
    let (mut served_by, mut requests, mut failed) = ("", 0, 0);
    while began.elapsed() < Duration::from_secs(15) {
        let now = began.elapsed().as_secs_f64();
        if requests == 50 {
            println!("{now:5.2} s  eu-west breaks down");
            eu_west.break_down();
        }
        if requests == 100 {
            println!("{now:5.2} s  eu-west recovers");
            eu_west.recover();
        }
        let request = Request { method: "GET", path: "/orders/1" };
        let response = shop.ready().await?.call(request).await?;
        if response.served_by != served_by {
            served_by = response.served_by;
            let (now, Request { method, path }) = (began.elapsed().as_secs_f64(), request);
            println!("{now:5.2} s  {method} {path} -> {} from {served_by}", response.status);
            if requests > 100 {
                break; // It is back where it began.
            }
        }
        requests += 1;
        failed += u32::from(response.status >= 500);
        sleep(Duration::from_millis(20)).await;
    }
    println!("{requests} requests, {failed} failed, {} repeated", retries.retries());

    println!("switches:");
    for switch in handle.snapshot().switches {
        println!("  {} -> {} ({:?})", switch.from.as_deref().unwrap_or("none"), switch.to, switch.reason);
    }
    if served_by != eu_west.name {
        return Err("the calls did not go back to eu-west within 15 s".into());
    }
    Ok(())
}

/// What calls to one region fail with: each layer that can fail adds its own to the service's.
type RegionError = CircuitError<DeadlineError<Infallible>>;

/// A region's stack, and the watch that keeps its health checks running.
fn member(
    region: &Region,
    weight: f64,
    events: &Events,
    sweeper: &Sweeper,
) -> Result<
    (
        Member<
            impl Service<Request, Response = Response, Error = RegionError, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        >,
        HealthWatch,
    ),
    BoxError,
> {
    let availability = Availability::new(region.name, events.clone());
    let settings = CircuitSettings::default().grace_period(Duration::from_secs(1));
    let circuit = Circuit::new(availability.clone(), settings)?;
    let settings = HealthSettings {
        interval: Duration::from_secs(1),
        delay: Duration::from_millis(50),
        ..HealthSettings::default()
    };
    let plan = HealthPlan::new([Check::new("health", region.health())]).settings(settings);
    let watch = plan.watch(&availability)?;

    let deadline = DeadlineLayer::new(Duration::from_millis(500));
    let stack = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(circuit))
        .layer(FailureDetectorLayer::new(availability.clone()).classify(server_errors_are_failures))
        .layer(deadline.sweeper(sweeper, &availability, Suspicion::default()))
        .service(region.service());
    Ok((Member::new(stack, availability).weight(Weight::new(weight)?), watch))
}

/// What an outcome says of the region: a region that answers 4xx is well.
fn server_errors_are_failures(result: Result<&Response, &DeadlineError<Infallible>>) -> Outcome {
    match result {
        Ok(response) if response.status < 500 => Outcome::Success,
        _ => Outcome::Failure,
    }
}

/// Which requests are repeated, and after what.
#[derive(Debug, Clone, Copy)]
struct ShopPolicy;

impl RetryPolicy<Request, Response, FailoverError<RegionError>> for ShopPolicy {
    fn assess(&self, result: Result<&Response, &FailoverError<RegionError>>) -> Assessment {
        match result {
            Ok(response) if response.status < 500 => Assessment::Final,
            // The breaker refused it, so no region has seen it.
            Err(FailoverError::Inner(CircuitError::Open { .. })) => Assessment::NotApplied,
            _ => Assessment::Ambiguous,
        }
    }

    fn repeatable(&self, request: &Request) -> bool {
        request.method == "GET"
    }

    fn clone_request(&self, request: &Request) -> Option<Request> {
        Some(*request)
    }
}

/// A region's shop. While it is broken it answers 500, and says so when it is asked for its health.
struct Region {
    name: &'static str,
    broken: Arc<AtomicBool>,
}

impl Region {
    fn new(name: &'static str) -> Self {
        Self { name, broken: Arc::default() }
    }

    fn break_down(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    fn recover(&self) {
        self.broken.store(false, Ordering::Relaxed);
    }

    fn service(
        &self,
    ) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + use<> {
        let (name, broken) = (self.name, Arc::clone(&self.broken));
        service_fn(move |_: Request| {
            let status = if broken.load(Ordering::Relaxed) { 500 } else { 200 };
            async move {
                sleep(Duration::from_millis(1)).await;
                Ok(Response { status, served_by: name })
            }
        })
    }

    fn health(
        &self,
    ) -> impl Service<Probe, Response = Health, Error = Infallible, Future: Send> + Clone + use<> {
        let broken = Arc::clone(&self.broken);
        service_fn(move |_: Probe| {
            let health = match broken.load(Ordering::Relaxed) {
                true => Health::Unhealthy(Evidence::Answered("out of order".into())),
                false => Health::Healthy,
            };
            async move { Ok(health) }
        })
    }
}
