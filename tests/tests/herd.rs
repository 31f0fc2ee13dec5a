//! A small herd, in a few seconds; the large one is the command `herd`.

use std::time::Duration;

use tests::herd::{Scale, stampede};

const CLIENTS: usize = 40;

async fn herd_at(maxclients: usize) {
    let scale = Scale {
        clients: CLIENTS,
        maxclients,
        pause: Duration::from_millis(200),
        away: Duration::from_secs(3),
        quiet: Duration::from_secs(5),
        watch: Duration::from_secs(5),
    };
    let Some(report) = stampede(scale).await else { return };
    println!("{report}");
    assert_eq!(report.violations(), Vec::<String>::new(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b36_a_herd_leaves_a_lost_primary_and_returns_once() {
    herd_at(CLIENTS * 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b36_a_herd_that_has_too_little_room_is_served_where_it_has_a_connection_and_dials_no_faster_for_it()
{
    herd_at(CLIENTS * 6 / 5).await;
}
