//! What a herd goes through.

use std::sync::Arc;
use std::time::Duration;

use failover_testkit::server::RealServer;
use failover_testkit::tls::Authority;
use futures_util::{StreamExt, stream};
use redis_failover::{DatabaseConfig, MultiDbConfig, Tls};
use tokio::time::{sleep, timeout};

use super::gauge::Gauge;
use super::member::{Diary, Member};
use super::{Moves, Place, Report};
use crate::{NAMES, real_server, until};

/// How large a herd is, and how long it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// How many clients there are.
    pub clients: usize,
    /// How many connections the primary has room for; the secondary has room for all.
    pub maxclients: usize,
    /// How long each client waits between two calls, on average.
    pub pause: Duration,
    /// How long the primary is away at least.
    pub away: Duration,
    /// How long nobody must have moved to count as settled.
    pub quiet: Duration,
    /// How long nothing must happen before the primary is lost, and after all have settled again.
    pub watch: Duration,
}

impl Scale {
    /// Whether the primary has room for all: two connections of each, and the one that reads its counters.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.clients * 2 < self.maxclients
    }

    /// How many clients have a connection to the primary at least, however unevenly they got them.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.clients.min((self.maxclients - 1) / 2)
    }
}

/// So many clients start at the same time.
const SIDE_BY_SIDE: usize = 16;

/// More than it takes to settle, for the largest herd on a slow machine.
const LONG: Duration = Duration::from_secs(180);

/// A herd joins, loses the primary, and has it back; `None`, and a word of it, where there is no server to start.
pub async fn stampede(scale: Scale) -> Option<Report> {
    real_server()?;
    let authority = Authority::new();
    let [primary, secondary] = [server(&authority, Some(scale.maxclients)), server(&authority, None)];
    let (primary, secondary) = tokio::join!(primary, secondary);
    let diary = Diary::of(scale.clients);
    let gauge = Gauge::of(primary.url(), diary.began());
    until("the gauge has its place", async || gauge.seen().at(Duration::MAX).is_some()).await;

    let joining = (0..scale.clients).map(|number| {
        // Each has its own: clones of a configuration share their events.
        let config = config(&authority, [&primary, &secondary]);
        Member::join(number, config, scale.pause, Arc::clone(&diary))
    });
    let herd: Vec<Member> = stream::iter(joining).buffer_unordered(SIDE_BY_SIDE).collect().await;
    diary.settles(scale.quiet, |_| true).await;
    let at_first = diary.pages().moves.count_at(Place::Primary);
    let calm = diary.began().elapsed();
    sleep(scale.watch).await;

    primary.kill().unwrap();
    let lost = diary.began().elapsed();
    let have_all_left = |moves: &Moves| moves.count_at(Place::Secondary) == scale.clients;
    let left = diary.settles(Duration::ZERO, have_all_left).await;
    sleep(scale.away).await;

    primary.restart().await.unwrap();
    let returned = diary.began().elapsed();
    let are_back = |moves: &Moves| moves.count_at(Place::Primary) >= scale.connected();
    let steady = diary.settles(scale.quiet, are_back).await;
    let settled = diary.began().elapsed();
    let before = diary.pages().answered.clone();
    sleep(scale.watch).await;
    let end = diary.began().elapsed();
    drop(herd);

    let (pages, dials) = (diary.pages(), gauge.seen());
    Some(Report {
        scale,
        at_first,
        left: left.map(|at| at.saturating_sub(lost)),
        steady: steady.map(|at| at.saturating_sub(returned)),
        at_primary: pages.moves.count_at(Place::Primary),
        connected: dials.at(end).map_or(0, |sample| sample.connected),
        calm_dials: dials.mean(calm, lost),
        peak_dials: dials.peak(returned, settled),
        steady_dials: dials.mean(settled, end),
        second_evictions: pages.moves.left_primary_since(returned),
        unserved: pages.answered.iter().zip(before).filter(|(now, before)| *now == before).count(),
        answered: pages.answered.iter().sum(),
        errors: pages.errors.iter().map(|(at, error)| told(*at, lost, error)).collect(),
        hung: pages.hung,
    })
}

/// An error, and when it was in the story.
fn told(at: Duration, lost: Duration, error: &str) -> String {
    format!("{:+.1} s from the loss: {error}", at.as_secs_f64() - lost.as_secs_f64())
}

/// Everything is as it is by default, but for a return that does not take minutes.
fn config(authority: &Authority, servers: [&RealServer; 2]) -> MultiDbConfig {
    let databases = servers.into_iter().zip(NAMES).zip([1.0, 0.5]).map(|((server, name), weight)| {
        let database = DatabaseConfig::from_url(&server.tls_url().unwrap()).unwrap();
        database.tls(Tls::new().ca_data(authority.pem())).name(name).weight(weight)
    });
    MultiDbConfig::new(databases)
        .grace_period(Duration::from_secs(1))
        .auto_fallback_interval(Some(Duration::from_secs(1)))
}

async fn server(authority: &Authority, maxclients: Option<usize>) -> RealServer {
    let server = RealServer::builder().tls(&authority.server(["127.0.0.1"]));
    let limit = maxclients.into_iter().flat_map(|limit| ["--maxclients".to_owned(), limit.to_string()]);
    server.args(limit).start().await.unwrap()
}

impl Diary {
    /// Waits until the clients are where they are to be and nobody has moved for so long; gives the time of the last
    /// move, or `None` if that takes too long.
    async fn settles(&self, quiet: Duration, are_there: impl Fn(&Moves) -> bool) -> Option<Duration> {
        let since = self.began().elapsed();
        let waiting = async {
            loop {
                {
                    let moves = &self.pages().moves;
                    let last = moves.last().max(since);
                    if are_there(moves) && self.began().elapsed() - last >= quiet {
                        return moves.last();
                    }
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, waiting).await.ok()
    }
}
