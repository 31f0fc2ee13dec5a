//! What a command costs in heap allocations, beside a plain redis-rs connection (P3).

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::sync::Arc;

use failover_testkit::{recorded::Recorded, server::AnyServer};
use redis::{AsyncCommands, Client, aio::ConnectionLike};
use redis_failover::metrics::{Metrics, names};
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
use tests::PATIENCE;
use tokio::runtime::{Builder, Runtime};

const CALLS: u64 = 2000;

/// All on this thread, its connection's driver included.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Allocations of one GET; a fraction is what the background does meanwhile.
fn for_a_get(runtime: &Runtime, connection: &mut (impl ConnectionLike + Send + Sync)) -> f64 {
    let mut get = |calls| {
        runtime.block_on(async {
            for _ in 0..calls {
                let value: String = connection.get("key").await.unwrap();
                assert_eq!(value, "value");
            }
        });
    };
    get(10);
    let counted = allocation_counter::measure(|| get(CALLS));
    counted.count_total as f64 / CALLS as f64
}

#[test]
fn p3_a_command_allocates_once_more_than_plain_redis_rs_at_most() {
    let elsewhere = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = elsewhere.block_on(AnyServer::start()).unwrap();
    let runtime = runtime();
    let url = server.url();

    let client = Client::open(&*url).unwrap();
    let mut plain = runtime.block_on(client.get_multiplexed_async_connection()).unwrap();
    runtime.block_on(plain.set::<_, _, ()>("key", "value")).unwrap();
    let base = for_a_get(&runtime, &mut plain);

    let config = MultiDbConfig::new([DatabaseConfig::from_url(&url).unwrap()]);
    let mut client = MultiDbClient::new(config).unwrap();
    runtime.block_on(client.connect(PATIENCE)).unwrap();
    let ours = for_a_get(&runtime, &mut client);

    println!("allocations of a GET: {base:.2} by redis-rs, {ours:.2} by the client");
    assert!(ours <= base + 1.1, "{ours:.2} by the client, {base:.2} by redis-rs");
}

#[test]
fn b52_a_measured_command_allocates_no_more_than_one_that_is_not() {
    let elsewhere = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = elsewhere.block_on(AnyServer::start()).unwrap();
    let runtime = runtime();
    let recorded = Recorded::default();
    let config = || MultiDbConfig::new([DatabaseConfig::from_url(&server.url()).unwrap()]);
    let start = |config| {
        let mut client = MultiDbClient::new(config).unwrap();
        runtime.block_on(client.set::<_, _, ()>("key", "value")).unwrap();
        client
    };
    let base = for_a_get(&runtime, &mut start(config()));
    let mut measured = start(config().metrics(Metrics::by(Arc::new(recorded.clone()))));
    let ours = for_a_get(&runtime, &mut measured);
    let calls = recorded.histogram(names::OPERATION_DURATION, &[(names::OPERATION_KIND, "command")]);
    assert!(calls.len() as u64 > CALLS, "they were measured");

    println!("allocations of a GET: {base:.2}, {ours:.2} if it is measured");
    // The recorder itself takes a block of memory now and then.
    assert!(ours <= base + 0.2, "{ours:.2} if it is measured, else {base:.2}");
}
