//! What becomes of calls in flight on a member that hangs.

use super::*;

/// What an interrupt does to a call: its task is woken, and the attempt has nothing to say.
fn wake<F: Future>(call: &mut tokio_test::task::Spawn<F>) -> Poll<F::Output> {
    call.poll()
}

#[tokio::test(start_paused = true)]
async fn b35_a_hung_attempt_of_a_repeatable_call_is_ended_and_moves() {
    let mut stage = Stage::new().with_long_backoff();
    let mut call = tokio_test::task::spawn(stage.service().oneshot("get"));
    assert_pending!(call.poll());
    let hung = stage.next().await;
    stage.route.leaves_a_hang();
    assert_pending!(wake(&mut call));
    stage.next().await.send_response("value");
    assert_eq!(assert_ready!(call.poll()).unwrap(), "value");
    drop(hung);
    assert_eq!(stage.layer.counters().ended(), 1);
    assert_eq!(stage.layer.counters().retries(), 0, "free");
}

#[tokio::test(start_paused = true)]
async fn b35_a_hung_attempt_of_any_other_call_is_left_to_its_own_deadline() {
    let mut stage = Stage::new();
    let mut call = tokio_test::task::spawn(stage.service().oneshot("increment"));
    assert_pending!(call.poll());
    let hung = stage.next().await;
    stage.route.leaves_a_hang();
    assert_pending!(wake(&mut call));
    assert_eq!(stage.layer.counters().ended(), 0);
    hung.send_response("1");
    assert_eq!(assert_ready!(call.poll()).unwrap(), "1");
}

#[tokio::test(start_paused = true)]
async fn b35_after_a_switch_for_another_reason_calls_are_left_to_finish() {
    let mut stage = Stage::new();
    let mut call = tokio_test::task::spawn(stage.service().oneshot("get"));
    assert_pending!(call.poll());
    let slow = stage.next().await;
    stage.route.moves();
    assert_pending!(wake(&mut call));
    slow.send_response("value");
    assert_eq!(assert_ready!(call.poll()).unwrap(), "value");
}

#[tokio::test(start_paused = true)]
async fn b35_a_call_that_was_moved_may_have_been_applied() {
    let mut stage = Stage::new();
    let mut call = tokio_test::task::spawn(stage.service().oneshot("get"));
    assert_pending!(call.poll());
    let _hung = stage.next().await;
    stage.route.leaves_a_hang();
    assert_pending!(wake(&mut call));
    stage.next().await.send_error("denied");
    let error = assert_ready!(call.poll()).unwrap_err();
    assert!(error.may_have_been_applied());
}
