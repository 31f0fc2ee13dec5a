//! What befalls a database in a story.

use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis_failover::MultiDbClient;
use tokio::time::sleep;

use crate::{active, becomes_active, eventually};

/// How long a database is away at least.
const AWAY: Duration = Duration::from_millis(200);

/// The databases of a [`config`](crate::config), in its order.
pub const NAMES: [&str; 2] = ["primary", "secondary"];

/// Why the active database is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is killed, and started again.
    Kill,
    /// It is stopped, and goes on later.
    Stop,
    /// It is well; the other one is chosen by hand.
    Choice,
}

use Fault::{Choice, Kill, Stop};

/// Eight kills, six stops and six choices.
pub const TWENTY: [Fault; 20] = [
    Kill, Stop, Choice, Kill, Kill, Stop, Choice, Kill, Stop, Choice, Kill, Stop, Kill, Choice, Stop, Kill,
    Choice, Stop, Kill, Choice,
];

/// Three kills, two stops and two choices.
pub const SEVEN: [Fault; 7] = [Kill, Stop, Choice, Kill, Choice, Stop, Kill];

/// The active one of two databases is lost, or left, by each of these clients; the other one serves, and the former
/// comes back. Tells which was left. Without a fallback all is quiet afterwards.
pub async fn suffer(clients: &[&MultiDbClient], servers: &[AnyServer; 2], fault: Fault) -> usize {
    let at = usize::from(active(clients[0]).as_deref() == Some(NAMES[1]));
    let (server, other) = (&servers[at], NAMES[1 - at]);
    match fault {
        Fault::Kill => server.kill().unwrap(),
        Fault::Stop => server.freeze().unwrap(),
        Fault::Choice => {
            for client in clients {
                client.handle().unwrap().set_active(other, None).await.unwrap();
            }
        }
    }
    for client in clients {
        becomes_active(client, other).await;
    }
    sleep(AWAY).await;
    match fault {
        Fault::Kill => server.restart().await.unwrap(),
        Fault::Stop => server.thaw().unwrap(),
        Fault::Choice => {
            for client in clients {
                client.handle().unwrap().release_choice().await.unwrap();
            }
        }
    }
    for client in clients {
        eventually(client, "an available database", |snapshot| {
            snapshot.member(NAMES[at]).unwrap().view.preference().is_some()
        })
        .await;
    }
    at
}
