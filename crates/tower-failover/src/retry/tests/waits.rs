//! When a repeat is made.

use super::*;

#[tokio::test(start_paused = true)]
async fn b31_a_call_is_repeated_three_times_with_growing_waits() {
    let mut stage = Stage::new();
    let start = Instant::now();
    let call = stage.call("get");
    for _ in 0..4 {
        stage.next().await.send_error("refused");
    }
    assert_eq!(failure(call).await, ("refused".into(), false));
    assert_eq!(stage.layer.counters().retries(), 3);
    assert!(start.elapsed() <= Duration::from_millis(10 + 20 + 40 + 5), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn b31_no_retries_means_none() {
    let mut stage = Stage::new().settings(RetrySettings { retries: 0, ..RetrySettings::default() });
    stage.route.doubts(true);
    let call = stage.call("get");
    stage.next().await.send_error("refused");
    assert_eq!(failure(call).await, ("refused".into(), false));
}

#[tokio::test(start_paused = true)]
async fn b31_the_wait_ends_when_calls_go_elsewhere() {
    let mut stage = Stage::new().with_long_backoff();
    let start = Instant::now();
    let call = stage.call("get");
    stage.next().await.send_error("refused");
    sleep(Duration::from_millis(5)).await;
    stage.route.moves();
    stage.next().await.send_response("value");
    assert_eq!(end(call).await.unwrap(), "value");
    assert!(start.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn b31_there_is_no_wait_when_calls_went_elsewhere_during_the_attempt() {
    let mut stage = Stage::new().with_long_backoff();
    let start = Instant::now();
    let call = stage.call("get");
    let attempt = stage.next().await;
    stage.route.moves();
    attempt.send_error("broken");
    stage.next().await.send_response("value");
    assert_eq!(end(call).await.unwrap(), "value");
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn b31_a_suspicion_is_waited_out_without_spending_a_retry() {
    let mut stage = Stage::new();
    stage.route.doubts(true);
    let call = stage.call("get");
    stage.next().await.send_error("broken");
    sleep(Duration::from_secs(1)).await;
    assert!(!call.is_finished());
    assert_eq!(stage.layer.counters().retries(), 0);
    stage.route.moves();
    stage.next().await.send_response("value");
    assert_eq!(end(call).await.unwrap(), "value");
}

#[tokio::test(start_paused = true)]
async fn b31_after_a_suspicion_that_came_to_nothing_the_backoff_begins() {
    let mut stage = Stage::new();
    stage.route.doubts(true);
    let call = stage.call("get");
    stage.next().await.send_error("broken");
    sleep(Duration::from_secs(1)).await;
    let settled = Instant::now();
    stage.route.doubts(false);
    stage.next().await.send_response("value");
    assert!(settled.elapsed() <= Duration::from_millis(11));
    assert_eq!(end(call).await.unwrap(), "value");
    assert_eq!(stage.layer.counters().retries(), 1);
}

#[tokio::test(start_paused = true)]
async fn b31_a_suspicion_raised_during_the_backoff_is_waited_out_too() {
    let mut stage = Stage::new();
    let call = stage.call("get");
    stage.next().await.send_error("refused");
    stage.route.doubts(true);
    sleep(Duration::from_secs(1)).await;
    assert!(!call.is_finished());
    assert_eq!(stage.layer.counters().retries(), 0);
    stage.route.moves();
    stage.next().await.send_response("value");
    assert_eq!(end(call).await.unwrap(), "value");
}

#[tokio::test(start_paused = true)]
async fn b31_the_verdict_is_awaited_within_the_deadline_of_the_call() {
    let mut stage = Stage::new().with_deadline(Duration::from_millis(300));
    stage.route.doubts(true);
    let start = Instant::now();
    let call = stage.call("get");
    stage.next().await.send_error("refused");
    let error = end(call).await.unwrap_err();
    assert_eq!(error.to_string(), "the call was not answered within 300ms");
    assert!(!error.may_have_been_applied(), "nothing was in flight any more");
    assert!(start.elapsed() < Duration::from_millis(310));
}

/// Attempts fail on the member they ran on while the route moves: no move is missed, whenever it comes.
#[test]
fn b31_no_move_is_missed() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let hour = Duration::from_secs(3600);
        let settings = RetrySettings {
            retries: u32::MAX,
            backoff: crate::Backoff::new(hour * 1000, hour * 1000),
            ..RetrySettings::default()
        };
        for _ in 0..2000 {
            let route = Script::default();
            let of_the_member = route.clone();
            let service = service_fn(move |_: Request| {
                let is_moved = of_the_member.version() > 0;
                async move { if is_moved { Ok("value") } else { Err(BoxError::from("refused")) } }
            });
            let layer = RetryLayer::new(Policy::default()).route(route.clone()).settings(settings);
            let call = tokio::spawn(layer.layer(service).oneshot("get"));
            tokio::task::yield_now().await;
            route.moves();
            assert_eq!(
                timeout(Duration::from_secs(60), call).await.expect("no move is missed").unwrap().unwrap(),
                "value"
            );
        }
    });
}
