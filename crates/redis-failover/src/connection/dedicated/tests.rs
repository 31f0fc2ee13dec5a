use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use failover_testkit::embedded::{Control, EmbeddedRedis};
use redis::IntoConnectionInfo;
use tokio::task::yield_now;
use tokio::time::sleep;
use tower_failover::Events;

use super::*;
use crate::connection::{Address, BoxedStream};

/// A database in this process, to be replaced by another one behind the same address.
struct Stage {
    server: Arc<Mutex<Control>>,
    dials: Arc<AtomicUsize>,
    dedicated: Dedicated,
    keeper: DedicatedKeeper,
}

impl Stage {
    fn new(maximum: u32) -> Self {
        let server = Arc::new(Mutex::new(EmbeddedRedis::builder().detached()));
        let dials = Arc::new(AtomicUsize::new(0));
        let (behind, count) = (Arc::clone(&server), Arc::clone(&dials));
        let connect = move |_: Address| {
            count.fetch_add(1, Ordering::SeqCst);
            let server = behind.lock().unwrap().clone();
            async move {
                if !server.is_up() {
                    return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
                }
                let (ours, theirs) = tokio::io::duplex(4096);
                tokio::spawn(async move { server.serve(theirs).await });
                Ok(Box::new(ours) as BoxedStream)
            }
        };
        let info = "redis://here".into_connection_info().unwrap();
        let settings = DedicatedSettings {
            maximum,
            wait: Duration::from_secs(5),
            response_timeout: Duration::from_millis(500),
            suspicion: Suspicion::default(),
            cursor_tag: CursorTag::of("here"),
        };
        let endpoint = Endpoint::new(info, Arc::new(connect), Duration::from_secs(5));
        let (dedicated, keeper) =
            Dedicated::open(endpoint, settings, Availability::new("here", Events::default()));
        Self { server, dials, dedicated, keeper }
    }

    fn server(&self) -> Control {
        self.server.lock().unwrap().clone()
    }

    fn replace_server(&self) {
        *self.server.lock().unwrap() = EmbeddedRedis::builder().detached();
    }

    fn dials(&self) -> usize {
        self.dials.load(Ordering::SeqCst)
    }

    async fn ping(&self) -> Lease {
        let lease = self.dedicated.lease(None).await.unwrap();
        ping(&lease).await.unwrap();
        lease
    }
}

async fn ping(lease: &Lease) -> Result<Value, ConnectionError> {
    lease.run(&Command::from(&redis::cmd("PING"))).await
}

async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn b49_a_connection_that_is_given_back_serves_the_next_call_and_a_dropped_one_is_closed() {
    let stage = Stage::new(2);
    for _ in 0..3 {
        stage.ping().await.give_back();
    }
    assert_eq!((stage.dials(), stage.server().connections_open()), (1, 1));

    drop(stage.ping().await);
    settle().await;
    assert_eq!(stage.server().connections_open(), 0);
    stage.ping().await.give_back();
    assert_eq!(stage.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn b49_an_idle_connection_is_closed_after_a_minute() {
    let stage = Stage::new(2);
    stage.ping().await.give_back();
    sleep(KEPT_FOR - Duration::from_millis(10)).await;
    assert_eq!(stage.server().connections_open(), 1);
    sleep(Duration::from_millis(20)).await;
    settle().await;
    assert_eq!(stage.server().connections_open(), 0);
}

#[tokio::test(start_paused = true)]
async fn b36_an_idle_connection_that_was_lost_or_fell_silent_is_dialled_anew_before_anything_is_sent() {
    for silent in [false, true] {
        let stage = Stage::new(2);
        stage.ping().await.give_back();
        let former = stage.server();
        stage.replace_server();
        if silent {
            former.freeze();
            sleep(2 * TRUSTED_FOR).await;
        } else {
            former.kill();
            settle().await;
        }
        stage.ping().await.give_back();
        assert_eq!((stage.dials(), stage.server().commands("PING") > 0), (2, true), "silent: {silent}");
        former.thaw();
        settle().await;
        assert_eq!(former.connections_open(), 0, "the former one is closed");
    }
}

#[tokio::test(start_paused = true)]
async fn b57_what_was_idle_while_a_call_waited_in_vain_is_forgotten_with_its_connection() {
    let stage = Stage::new(3);
    let [asking, idle, busy] = [stage.ping().await, stage.ping().await, stage.ping().await];
    idle.give_back();
    let former = stage.server();
    former.freeze();
    let asked = tokio::spawn(async move { ping(&asking).await });
    sleep(Duration::from_millis(100)).await;
    busy.give_back();
    assert!(asked.await.unwrap().is_err());

    former.thaw();
    stage.replace_server();
    stage.ping().await.give_back();
    assert_eq!(stage.dials(), 3, "what was given back meanwhile had just served");
    settle().await;
    assert_eq!(former.connections_open(), 1, "and is the only one that is kept");
}

#[tokio::test(start_paused = true)]
async fn b36_beyond_the_maximum_a_call_waits_its_turn_and_not_for_ever() {
    let stage = Stage::new(1);
    let lease = stage.ping().await;
    let refused = stage.dedicated.lease(None).await.err();
    assert!(matches!(refused, Some(ConnectionError::DedicatedInUse { maximum: 1 })), "{refused:?}");

    let (next, ()) = tokio::join!(stage.dedicated.lease(None), async {
        sleep(Duration::from_secs(1)).await;
        lease.give_back();
    });
    ping(&next.unwrap()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn b36_a_connection_that_cannot_be_made_says_that_nothing_was_sent() {
    let stage = Stage::new(1);
    stage.server().kill();
    let refused = stage.dedicated.lease(None).await.err();
    assert!(matches!(refused, Some(ConnectionError::NoDedicated(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn b42_the_end_of_the_keeper_closes_all_idle_or_not_for_good() {
    let stage = Stage::new(3);
    let (lease, other) = (stage.ping().await, stage.ping().await);
    other.give_back();
    let server = stage.server();
    assert_eq!(server.connections_open(), 2);
    let Stage { dedicated, keeper, .. } = stage;
    drop(keeper);
    settle().await;
    assert_eq!(server.connections_open(), 0);
    assert!(ping(&lease).await.is_err());
    lease.give_back();
    assert!(matches!(dedicated.lease(None).await.err(), Some(ConnectionError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn b49_a_command_that_is_not_answered_in_time_is_told_so() {
    let stage = Stage::new(1);
    let lease = stage.ping().await;
    stage.server().freeze();
    let begun = Instant::now();
    let pop = redis::cmd("BLPOP").arg("queue").arg(3).take();
    let error = lease.run(&Command::from(&pop)).await.unwrap_err();
    assert!(matches!(&error, ConnectionError::Redis(error) if error.is_timeout()), "{error:?}");
    assert_eq!(begun.elapsed().as_millis(), 3500, "its own timeout and the response timeout");
}
