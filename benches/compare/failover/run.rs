//! One run of each kind.

use std::time::Duration;

use futures_util::StreamExt;
use redis_failover::{Event, MultiDbConfig};
use tokio::time::{Instant, sleep, timeout};

use super::calls::{Call, Seen};
use super::load::Load;
use super::stage::{Fault, Stage, becomes_active, some_moment};
use super::{Settings, millis};

/// Of the health checks (B19).
const INTERVAL: Duration = Duration::from_secs(5);
const CALLERS: u32 = 8;

/// What came of a fault under load.
pub(super) struct UnderLoad {
    pub(super) seen: Seen,
    pub(super) calls: Vec<Call>,
    /// Increments that the secondary has made without saying so, beyond those that may have been; or that it has not made
    /// although it said so.
    pub(super) miscounted: f64,
}

/// Eight callers, a fault, and what they saw.
pub(super) async fn under_load(fault: Fault, settings: Settings) -> UnderLoad {
    let stage = Stage::set().await;
    let client = stage.client(fault, |config| settings.apply(config)).await;
    let load = Load::start(&client, CALLERS);
    some_moment().await;
    stage.break_primary(fault);
    let told = load.after_fault(Instant::now()).await;
    client.close(Duration::ZERO).await;
    let counted = stage.counted().await;
    let miscounted =
        counted.saturating_sub(told.counted + told.in_doubt) + told.counted.saturating_sub(counted);
    let seen = Seen::of(&told.calls).expect("a success of the secondary");
    UnderLoad { seen, calls: told.calls, miscounted: miscounted as f64 }
}

/// How long a client takes to move that nobody uses.
pub(super) async fn idle(fault: Fault) -> f64 {
    let stage = Stage::set().await;
    let client = stage.client(fault, |config| config).await;
    let mut events = client.events();
    sleep(Duration::from_secs(2) + INTERVAL.mul_f64(fastrand::f64())).await;
    stage.break_primary(fault);
    let broken = Instant::now();
    becomes_active(&mut events, "secondary").await;
    let took = millis(broken.elapsed());
    client.close(Duration::ZERO).await;
    took
}

/// What came of a primary that returns.
pub(super) struct Return {
    /// Until it was active again.
    pub(super) took: f64,
    /// How often the client moved after that.
    pub(super) moves: f64,
}

/// From the primary's return to when it is active again, and a little longer.
pub(super) async fn until_return(settings: Settings) -> Return {
    let stage = Stage::set().await;
    let at_once = |config: MultiDbConfig| {
        let config = config.auto_fallback_interval(Some(Duration::from_secs(1))).grace_period(Duration::ZERO);
        settings.apply(config)
    };
    let client = stage.client(Fault::Kill, at_once).await;
    let load = Load::start(&client, CALLERS);
    sleep(Duration::from_secs(1)).await;
    let mut events = client.events();
    stage.break_primary(Fault::Kill);
    let broken = Instant::now();
    becomes_active(&mut events, "secondary").await;
    sleep(Duration::from_secs(1).mul_f64(1.0 + fastrand::f64())).await;
    let mut events = client.events();
    stage.primary.restart().await.expect("the primary to start again");
    let back = Instant::now();
    becomes_active(&mut events, "primary").await;
    let took = millis(back.elapsed());
    let mut moves = 0.0;
    let moved = async {
        while let Some(event) = events.next().await {
            moves += f64::from(matches!(event, Event::ActiveChanged { .. }));
        }
    };
    let _ = timeout(Duration::from_secs(2), moved).await;
    let _ = load.stop(broken).await;
    client.close(Duration::ZERO).await;
    Return { took, moves }
}
