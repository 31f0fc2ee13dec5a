//! What the budget and the deadline of a call allow.

use super::*;

#[tokio::test(start_paused = true)]
async fn b34_the_budget_refuses_and_says_so_once_a_second() {
    let events = crate::Events::default();
    let mut told = events.subscribe();
    let settings = RetrySettings { budget_share: 0.0, budget_floor: 1, ..RetrySettings::default() };
    let mut stage = Stage::new().settings(settings);
    stage.layer = stage.layer.events(events);
    let service = stage.service();
    for _ in 0..5 {
        let call = tokio::spawn(service.clone().oneshot("get"));
        let mut attempts = 0;
        while !call.is_finished() {
            if let Ok(attempt) = timeout(Duration::from_millis(50), stage.next()).await {
                attempt.send_error("refused");
                attempts += 1;
            }
        }
        assert!(attempts <= 3);
        assert_eq!(failure(call).await, ("refused".into(), false));
    }
    assert_eq!(stage.layer.counters().retries(), 2);
    assert_eq!(stage.layer.counters().refused(), 5);
    assert_eq!(told.next().await, Some(Event::RetriesRefused { count: 1 }));
    assert_pending!(tokio_test::task::spawn(told.next()).poll());
    assert_eq!(told.next().await, Some(Event::RetriesRefused { count: 4 }), "within the second");
}

#[tokio::test(start_paused = true)]
async fn b34_calls_of_clones_that_are_gone_and_of_those_that_go_on_earn_repeats() {
    let settings = RetrySettings { budget_share: 1.0, budget_floor: 0, ..RetrySettings::default() };
    for live_on in [false, true] {
        let mut stage = Stage::new().settings(settings);
        let mut one = stage.service();
        for is_last in [false, false, false, false, false, true] {
            let mut clone = one.clone();
            let asked = if live_on { &mut one } else { &mut clone };
            let call = tokio::spawn(asked.ready().await.unwrap().call("get"));
            if is_last {
                stage.next().await.send_error("refused");
            }
            let attempt = timeout(Duration::from_secs(1), stage.next()).await.expect("a repeat was earned");
            attempt.send_response("value");
            assert_eq!(end(call).await.unwrap(), "value", "live on: {live_on}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b34_a_repeat_on_another_member_is_free() {
    let settings = RetrySettings { budget_share: 0.0, budget_floor: 0, ..RetrySettings::default() };
    let mut stage = Stage::new().settings(settings);
    let call = stage.call("get");
    let attempt = stage.next().await;
    stage.route.moves();
    attempt.send_error("refused");
    stage.next().await.send_response("value");
    assert_eq!(end(call).await.unwrap(), "value");
    assert_eq!(stage.layer.counters().refused(), 0);
}

#[tokio::test(start_paused = true)]
async fn b34_the_deadline_of_a_call_covers_all_attempts() {
    let mut stage = Stage::new().with_deadline(Duration::from_millis(300));
    let start = Instant::now();
    let call = stage.call("get");
    stage.next().await.send_error("refused");
    let _hangs = stage.next().await;
    let error = end(call).await.unwrap_err();
    assert!(
        matches!(error, RetryError::DeadlineElapsed { limit, .. } if limit == Duration::from_millis(300))
    );
    assert!(error.may_have_been_applied(), "an attempt was in flight");
    assert!(start.elapsed() < Duration::from_millis(310));
}
