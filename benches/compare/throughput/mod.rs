//! Commands a second, and what a command costs (P1, P2, P3, P12).
//!
//! Short slices of all contestants in turn, each of them between two of the base; what is told is the median of the
//! ratios to the base's slices beside it. The client's thread and the server have a processor each.

mod contestant;
mod counts;
mod redis_py;
mod rounds;
mod slice;

use std::time::Duration;

use failover_testkit::server::RealServer;
use redis::AsyncCommands;
use tokio::runtime::{Builder, Runtime};

use crate::machine;
use crate::report::{Limit, Line, Part, Row, Series};
use contestant::Kind;
use rounds::{Compared, compare};
use slice::{Load, Slice, Work};

pub(crate) use counts::make_calls;

/// Beside the base: ours, the base itself once more, whose ratio is the noise, and the peers.
const COMPARED: [Kind; 6] =
    [Kind::Ours, Kind::Plain, Kind::PlainWithoutTimeout, Kind::PlainWithOurBuffer, Kind::Manager, Kind::Fred];

/// The target of P1; its gate is 0.97.
const THROUGHPUT: f64 = 0.97;
/// What is left beside redis-rs without its inner timeout.
const WITHOUT_TIMEOUT: f64 = 0.88;
const PROCESSOR: f64 = 1.03;
const PIPELINES: f64 = 0.97;

pub(crate) fn measure(short: bool) -> Part {
    machine::pin(None, machine::CLIENT);
    let runtime = runtime();
    let servers = [start(&runtime), start(&runtime)];
    let urls = servers.each_ref().map(RealServer::url);
    let urls = urls.each_ref().map(String::as_str);
    let (rounds, length) =
        if short { (9, Duration::from_millis(38)) } else { (41, Duration::from_millis(80)) };
    let mut part = Part { versions: vec![("server", servers[0].describe())], ..Part::default() };
    let mut lines: Vec<Line> = COMPARED.iter().map(|kind| Line::new(kind.name(), Vec::new())).collect();
    // Few callers are not judged, and need not be measured as closely.
    for (callers, rounds) in [(1, rounds / 5), (8, rounds / 5), (64, rounds), (512, rounds)] {
        let load = Load { callers, work: Work::Get };
        let compared = compare(&runtime, urls, &COMPARED, load, rounds, length);
        for (line, compared) in lines.iter_mut().zip(&compared) {
            line.points.push((callers as f64, compared.speed()));
        }
        if callers >= 64 {
            part.rows.extend(rows(load, &compared));
        }
    }
    let load = Load { callers: 8, work: Work::Pipeline };
    // Their speed differs most from slice to slice.
    let rounds = if short { rounds } else { 2 * rounds };
    part.rows.extend(rows(load, &compare(&runtime, urls, &COMPARED, load, rounds, length)));
    part.rows.extend(counts::instructions(urls));
    part.rows.extend(counts::allocations(&runtime, urls));
    redis_py::measure(&runtime, urls, short, &mut part);
    part.series.push(Series { name: "callers", x: "callers", y: "commands a second", lines });
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

fn rows(load: Load, compared: &[Compared]) -> Vec<Row> {
    let [ours, peers @ ..] = compared else { return Vec::new() };
    let case = |kind: Kind, what: &str| match kind {
        Kind::Plain => format!("{0} ÷ {0} (noise), {1}: {what}", kind.name(), load.name()),
        kind => format!("{}, {}: {what}", kind.name(), load.name()),
    };
    let speed = |of: &Compared| Row::ratio(case(of.kind, "commands a second"), &of.pairs(Slice::speed));
    let cost = |of: &Compared| Row::ratio(case(of.kind, "processor, ns a command"), &of.pairs(Slice::cost));
    if load.work == Work::Pipeline {
        let ours = speed(ours).budget("P12", Limit::AtLeast(PIPELINES));
        return [ours].into_iter().chain(peers.iter().map(speed)).collect();
    }
    let mut rows = vec![
        speed(ours).budget("P1", Limit::AtLeast(THROUGHPUT)),
        cost(ours).budget("P2", Limit::AtMost(PROCESSOR)),
    ];
    for peer in peers {
        rows.extend([speed(peer), cost(peer)]);
        if peer.kind == Kind::PlainWithoutTimeout {
            let case = format!("MultiDbClient ÷ {}, {}: commands a second", peer.kind.name(), load.name());
            let row = Row::ratio(case, &ours.beside(peer));
            rows.push(row.budget("P1", Limit::AtLeast(WITHOUT_TIMEOUT)));
        }
    }
    rows
}
