//! The scripted service, on a paused clock.
#![allow(clippy::unwrap_used, reason = "a helper that fails must fail its test")]

use std::{future::poll_fn, time::Duration};

use failover_testkit::scripted::{Script, ScriptedService, Step};
use tokio::time::{Instant, timeout};
use tower_service::Service as _;

const SECOND: Duration = Duration::from_secs(1);

type Echo = ScriptedService<&'static str, &'static str, &'static str>;

fn echo() -> (Echo, Script<&'static str, &'static str, &'static str>) {
    ScriptedService::new(|request: &&'static str| Step::reply(*request))
}

#[tokio::test(start_paused = true)]
async fn told_steps_come_before_the_closure_and_take_their_time() {
    let (mut service, script) = echo();
    script.next(Step::fail("down").after(SECOND));
    let start = Instant::now();
    assert_eq!(service.call("a").await, Err("down"));
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!(service.clone().call("b").await, Ok("b"));
    assert_eq!(script.calls(), ["a", "b"]);
    assert_eq!((script.answered(), script.dropped(), script.in_flight()), (2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_is_counted() {
    let (mut service, script) = echo();
    script.next(Step::hang());
    let call = service.call("a");
    assert_eq!(script.in_flight(), 1);
    timeout(SECOND, call).await.unwrap_err();
    assert_eq!((script.answered(), script.dropped(), script.in_flight()), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn readiness_is_what_the_script_says() {
    let (mut service, script) = echo();
    script.pending();
    timeout(SECOND, poll_fn(|context| service.poll_ready(context))).await.unwrap_err();

    let waiting = tokio::spawn(async move { poll_fn(|context| service.poll_ready(context)).await });
    tokio::task::yield_now().await;
    script.ready();
    assert_eq!(timeout(SECOND, waiting).await.unwrap().unwrap(), Ok(()));

    let (mut service, script) = echo();
    script.fail_readiness("closed");
    assert_eq!(poll_fn(|context| service.poll_ready(context)).await, Err("closed"));
}
