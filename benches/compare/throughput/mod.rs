//! Commands a second, and what a command costs (P1, P2, P3, P12).
//!
//! Short slices of all contestants in turn, each of ours between two of the base; what is told is the median of the
//! ratios to the base's slices beside it. The client's thread and the server have a processor each.

mod contestant;
mod slice;

use std::iter::zip;
use std::time::Duration;

use benches::{Median, count_instructions};
use failover_testkit::server::RealServer;
use redis::AsyncCommands;
use tokio::runtime::{Builder, Runtime};

use crate::machine;
use crate::report::{Limit, Part, Row};
use contestant::{Contestant, Kind};
use slice::{Load, Slice, Work};

const BASE: Kind = Kind::Plain;
const OURS: Kind = Kind::Ours;

/// What is shown beside, with the ratio that is asked of ours to it, if any.
const PEERS: [(Kind, Option<f64>); 2] = [(Kind::PlainWithoutTimeout, Some(0.88)), (Kind::Manager, None)];

/// The target of P1; its gate is 0.97.
const THROUGHPUT: f64 = 0.97;
const PROCESSOR: f64 = 1.03;
const INSTRUCTIONS: f64 = 1.02;
const PIPELINES: f64 = 0.97;

pub(crate) fn measure(short: bool) -> Part {
    machine::pin(None, machine::CLIENT);
    let runtime = runtime();
    let servers = [start(&runtime), start(&runtime)];
    let urls = servers.each_ref().map(RealServer::url);
    let urls = urls.each_ref().map(String::as_str);
    let (rounds, length) =
        if short { (15, Duration::from_millis(60)) } else { (41, Duration::from_millis(100)) };
    let mut part = Part {
        versions: vec![("server", servers[0].describe()), ("redis-rs", "1.8".into())],
        rows: Vec::new(),
    };
    for callers in [64, 512] {
        let load = Load { callers, work: Work::Get };
        part.rows.extend(throughput(&runtime, urls, load, (rounds, length)));
    }
    let load = Load { callers: 8, work: Work::Pipeline };
    part.rows.extend(throughput(&runtime, urls, load, (rounds, length)));
    part.rows.extend(instructions(urls));
    part.rows.push(allocations(&runtime, urls));
    part
}

/// One thread, on which everything of the client runs.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn start(runtime: &Runtime) -> RealServer {
    let server = runtime.block_on(RealServer::start()).expect("a redis-server or valkey-server");
    machine::pin(server.pid(), machine::SERVER);
    runtime.block_on(async {
        let client = redis::Client::open(server.url()).expect("the server's URL");
        let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
        for key in 0..slice::KEYS {
            let () = connection.set(slice::key(key), slice::VALUE).await.expect("a key");
        }
    });
    server
}

/// One round: each of ours and of the peers between two of the base.
fn throughput(
    runtime: &Runtime,
    urls: [&str; 2],
    load: Load,
    (rounds, length): (usize, Duration),
) -> Vec<Row> {
    let open = |kind| runtime.block_on(Contestant::open(kind, urls));
    let base = open(BASE);
    let others: Vec<(Kind, Contestant)> = [OURS, BASE]
        .into_iter()
        .chain(PEERS.into_iter().map(|(kind, _)| kind))
        .map(|kind| (kind, open(kind)))
        .collect();
    let run = |contestant: &Contestant| runtime.block_on(contestant.slice(load, length));
    for contestant in others.iter().map(|(_, contestant)| contestant).chain([&base]) {
        let _ = run(contestant);
    }

    let mut pairs: Vec<Vec<(Slice, f64, f64)>> = vec![Vec::new(); others.len()];
    for _ in 0..rounds {
        let mut before = run(&base);
        for ((_, contestant), pairs) in zip(&others, &mut pairs) {
            let slice = run(contestant);
            let after = run(&base);
            let speed = (before.speed() + after.speed()) / 2.0;
            let cost = (before.cost() + after.cost()) / 2.0;
            pairs.push((slice, speed, cost));
            before = after;
        }
    }

    let mut rows = Vec::new();
    let ours_speed: Vec<f64> = pairs[0].iter().map(|(slice, base, _)| slice.speed() / base).collect();
    for (index, ((kind, _), pairs)) in zip(&others, &pairs).enumerate() {
        let is_ours = index == 0;
        let case = |what: &str| format!("{}, {}, {what}", kind.name(), load.name());
        let row =
            |budget, what: &str, figure: fn(&Slice) -> f64, base: fn(&(Slice, f64, f64)) -> f64, limit| {
                let ratios = Median::of(pairs.iter().map(|pair| figure(&pair.0) / base(pair)));
                Row {
                    budget: if is_ours { budget } else { "" },
                    case: case(what),
                    ours: Median::of(pairs.iter().map(|pair| figure(&pair.0))).middle,
                    base: Some(Median::of(pairs.iter().map(base)).middle),
                    ratio: Some(ratios.middle),
                    limit: if is_ours { limit } else { None },
                    runs: rounds,
                    spread: (ratios.lower, ratios.upper),
                }
            };
        let (budget, limit) = match load.work {
            Work::Get => ("P1", THROUGHPUT),
            Work::Pipeline => ("P12", PIPELINES),
        };
        let limit = Some(Limit::AtLeast(limit));
        rows.push(row(budget, "commands a second", Slice::speed, |pair| pair.1, limit));
        if load.work == Work::Get {
            let limit = Some(Limit::AtMost(PROCESSOR));
            rows.push(row("P2", "processor, ns a command", Slice::cost, |pair| pair.2, limit));
        }
        let wanted = PEERS.iter().find(|(peer, _)| peer == kind).and_then(|(_, wanted)| *wanted);
        if let (Some(wanted), Work::Get) = (wanted, load.work) {
            let theirs = pairs.iter().map(|(slice, base, _)| slice.speed() / base);
            let ratios = Median::of(zip(&ours_speed, theirs).map(|(ours, theirs)| ours / theirs));
            rows.push(Row {
                budget: "P1",
                case: format!("ours beside {}, {}", kind.name(), load.name()),
                ours: Median::of(ours_speed.iter().copied()).middle,
                base: None,
                ratio: Some(ratios.middle),
                limit: Some(Limit::AtLeast(wanted)),
                runs: rounds,
                spread: (ratios.lower, ratios.upper),
            });
        }
    }
    rows
}

/// Instructions a command, as callgrind counts them in this very program.
fn instructions([url, standby]: [&str; 2]) -> Vec<Row> {
    let count = |kind: Kind| count_instructions(&format!("{},{url},{standby}", kind.name()));
    let Some((base, ours)) = count(BASE).zip(count(OURS)) else {
        eprintln!("callgrind is not installed: no instructions are counted");
        return Vec::new();
    };
    let without = count(Kind::PlainWithoutTimeout);
    let row = |budget, case: &str, ours: f64, limit| Row {
        budget,
        case: format!("{case}, {}, instructions a command", COUNTED.name()),
        ours,
        base: Some(base),
        ratio: Some(ours / base),
        limit,
        runs: 1,
        spread: (ours / base, ours / base),
    };
    let mut rows = vec![row("P2", OURS.name(), ours, Some(Limit::AtMost(INSTRUCTIONS)))];
    rows.extend(without.map(|count| row("", Kind::PlainWithoutTimeout.name(), count, None)));
    rows
}

const COUNTED: Load = Load { callers: 64, work: Work::Get };

/// Calls of one contestant, for callgrind.
pub(crate) fn make_calls(calls: u64, what: &str) {
    let [name, url, standby] = what.split(',').collect::<Vec<_>>()[..] else {
        panic!("a contestant and two servers: {what}");
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name).expect("a contestant");
    let runtime = runtime();
    runtime.block_on(async {
        let contestant = Contestant::open(kind, [url, standby]).await;
        contestant.calls(COUNTED, calls).await;
    });
}

/// Allocations of a GET by one caller.
fn allocations(runtime: &Runtime, urls: [&str; 2]) -> Row {
    const CALLS: u64 = 2000;
    let count = |kind| {
        let contestant = runtime.block_on(Contestant::open(kind, urls));
        let load = Load { callers: 1, work: Work::Get };
        runtime.block_on(contestant.calls(load, 100));
        let counted = allocation_counter::measure(|| runtime.block_on(contestant.calls(load, CALLS)));
        (counted.count_total as f64 / CALLS as f64).floor()
    };
    let (base, ours) = (count(BASE), count(OURS));
    Row {
        budget: "P3",
        case: format!("{}, allocations a GET", OURS.name()),
        ours,
        base: Some(base),
        ratio: None,
        limit: Some(Limit::AtMost(base + 1.0)),
        runs: 1,
        spread: (ours, ours),
    }
}
