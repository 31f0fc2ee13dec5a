//! All tables, as the document has them.

use std::time::Duration;

use redis_failover::Suspicion;

use crate::fleet::{Fared, Pace, comes_back};
use crate::formulas::{amplification, failover, probes_a_second};
use crate::server::Server;

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn all() -> Vec<String> {
    vec![fleets(), handshakes(), distances(), probes(), repeats()]
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<_> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rule: String = head.iter().map(|_| "---:|").collect();
    let rows: String = rows.into_iter().map(|row| line(&row)).collect();
    format!("{}|{rule}\n{rows}", line(&head))
}

/// Clients that come back, by how many they are and how long the server was away.
fn fleets() -> String {
    let cases = [(500, 10), (1000, 10), (10_000, 1), (10_000, 10), (10_000, 60)];
    let rows = cases.map(|(clients, away)| {
        let away_for = Duration::from_secs(away);
        let fared = |pace: &Pace| comes_back(clients, Server::away_for(away_for, None), away_for, pace);
        let paced = fared(&Pace::default());
        // The last second before the return, when backoffs are longest.
        let in_vain = paced.in_vain.count_between(away_for - SECOND, away_for);
        vec![
            clients.to_string(),
            away.to_string(),
            in_vain.to_string(),
            paced.arrivals.most_within(SECOND).to_string(),
            seconds(middle(&paced)),
            seconds(last(&paced)),
            fared(&Pace::none()).arrivals.most_within(Duration::from_millis(100)).to_string(),
        ]
    });
    table(
        &[
            "clients",
            "away, s",
            "dials in vain in the last second",
            "most dials in a second after the return",
            "half are connected after, s",
            "all after, s",
            "without pacing: most in 0.1 s",
        ],
        rows,
    )
}

/// Ten thousand that come back to a server which shakes so many hands a second.
fn handshakes() -> String {
    let (clients, away) = (10_000, Duration::from_secs(60));
    let rows = [None, Some(5000), Some(2000), Some(1000), Some(500)].map(|rate| {
        let fared = |pace: &Pace| comes_back(clients, Server::away_for(away, rate), away, pace);
        let (paced, unpaced) = (fared(&Pace::default()), fared(&Pace::none()));
        let dials = |fared: &Fared| fared.arrivals.count_between(Duration::ZERO, Duration::MAX);
        vec![
            rate.map_or_else(|| "any".into(), |rate| rate.to_string()),
            seconds(middle(&paced)),
            of_all(&paced, clients),
            format!("{:.2}", dials(&paced) as f64 / clients as f64),
            of_all(&unpaced, clients),
            format!("{:.2}", dials(&unpaced) as f64 / clients as f64),
        ]
    });
    table(
        &[
            "handshakes a second",
            "half are connected after, s",
            "all after, s",
            "dials a client",
            "without pacing: all after, s",
            "dials a client",
        ],
        rows,
    )
}

/// From the fault to the first success elsewhere, by distance.
fn distances() -> String {
    let rows = [(0.1, 0.1), (1.0, 10.0), (1.0, 80.0), (80.0, 80.0), (150.0, 80.0), (300.0, 150.0)];
    let rows = rows.map(|(primary, secondary)| {
        let away = |milliseconds: f64| Duration::from_secs_f64(milliseconds / 1000.0);
        let of = |suspicion| failover(away(primary), away(secondary), suspicion);
        let (usual, fast) = (of(Suspicion::default()), of(Suspicion::fast()));
        let milliseconds = |duration: Duration| format!("{:.1}", duration.as_secs_f64() * 1000.0);
        vec![
            primary.to_string(),
            secondary.to_string(),
            milliseconds(usual.reset),
            milliseconds(usual.silence),
            milliseconds(fast.silence),
        ]
    });
    table(
        &[
            "round trip to the primary, ms",
            "to the secondary, ms",
            "reset, ms",
            "silence, ms",
            "silence with `Suspicion::fast()`, ms",
        ],
        rows,
    )
}

/// What health checks are to a database that is well.
fn probes() -> String {
    let rows = [1.0, 80.0].into_iter().flat_map(|milliseconds| {
        [100, 1000, 10_000].map(|clients| {
            let a_client = probes_a_second(Duration::from_secs_f64(milliseconds / 1000.0));
            vec![
                clients.to_string(),
                milliseconds.to_string(),
                format!("{:.0}", f64::from(clients) * a_client),
            ]
        })
    });
    table(&["clients", "round trip, ms", "PINGs a second at each database"], rows)
}

/// What repeats make of calls that all fail.
fn repeats() -> String {
    let rows = [1.0, 5.0, 10.0, 50.0, 1000.0].map(|calls| {
        vec![
            calls.to_string(),
            format!("{:.1}", amplification(calls)),
            format!("{:.0}", 10_000.0 * calls * amplification(calls)),
        ]
    });
    table(
        &["calls a second of each client", "attempts a call at most", "attempts a second of 10,000 clients"],
        rows,
    )
}

fn middle(fared: &Fared) -> Duration {
    fared.connected.get(fared.connected.len() / 2).copied().unwrap_or_default()
}

fn last(fared: &Fared) -> Duration {
    fared.connected.last().copied().unwrap_or_default()
}

/// Within the hour that is looked at.
fn of_all(fared: &Fared, clients: usize) -> String {
    if fared.connected.len() == clients {
        seconds(last(fared))
    } else {
        format!("never ({} of {clients} in an hour)", fared.connected.len())
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_these_tables() {
        let plan = include_str!("../../docs/performance_plan.md");
        for table in all() {
            assert!(plan.contains(&table), "docs/performance_plan.md has not:\n\n{table}");
        }
    }
}
