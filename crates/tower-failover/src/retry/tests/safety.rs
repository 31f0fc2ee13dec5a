//! What is repeated at all.

use super::*;

#[tokio::test(start_paused = true)]
async fn b32_what_was_not_applied_is_repeated_for_every_request() {
    let mut stage = Stage::new();
    let call = stage.call("increment");
    stage.next().await.send_error("refused");
    stage.next().await.send_response("loading");
    stage.next().await.send_response("1");
    assert_eq!(end(call).await.unwrap(), "1");
}

#[tokio::test(start_paused = true)]
async fn b32_a_reply_that_says_not_applied_is_the_answer_when_nothing_is_left() {
    let mut stage = Stage::new();
    let call = stage.call("increment");
    for _ in 0..4 {
        stage.next().await.send_response("loading");
    }
    assert_eq!(end(call).await.unwrap(), "loading");
}

#[tokio::test(start_paused = true)]
async fn b33_what_may_have_been_applied_is_repeated_only_if_it_may_be() {
    let mut stage = Stage::new();
    let call = stage.call("get");
    stage.next().await.send_error("broken");
    stage.next().await.send_response("value");
    assert_eq!(end(call).await.unwrap(), "value");

    let call = stage.call("increment");
    stage.next().await.send_error("broken");
    let error = end(call).await.unwrap_err();
    assert_eq!(error.to_string(), "the call failed and may have been applied");
    assert_eq!(stage.layer.counters().ambiguous(), 2);
}

#[tokio::test(start_paused = true)]
async fn b33_what_changes_nothing_is_never_told_to_have_been_applied() {
    let mut stage = Stage::new();
    let call = stage.call("peek");
    stage.next().await.send_error("broken");
    assert_eq!(failure(call).await, ("broken".into(), false));
    assert_eq!(stage.layer.counters().ambiguous(), 0);

    let mut stage = Stage::new().with_deadline(Duration::from_secs(1));
    let call = stage.call("peek");
    let unanswered = stage.next().await;
    assert!(!end(call).await.unwrap_err().may_have_been_applied(), "though an attempt was in flight");
    drop(unanswered);
}

#[tokio::test(start_paused = true)]
async fn b33_one_ambiguous_attempt_taints_the_call_even_if_the_last_was_rejected() {
    let mut stage = Stage::new();
    let call = stage.call("get");
    stage.next().await.send_error("broken");
    stage.next().await.send_error("refused");
    stage.next().await.send_error("denied");
    assert_eq!(failure(call).await, ("denied".into(), true));
}

#[tokio::test(start_paused = true)]
async fn b33_one_ambiguous_attempt_taints_the_call_even_if_the_last_was_answered_with_a_refusal() {
    let mut stage = Stage::new();
    let call = stage.call("get");
    stage.next().await.send_error("broken");
    for _ in 0..3 {
        stage.next().await.send_response("loading");
    }
    let error = end(call).await.unwrap_err();
    assert!(matches!(error, RetryError::InDoubt), "{error:?}");
    assert_eq!(error.to_string(), "the call was refused at last and may have been applied");
}

#[tokio::test(start_paused = true)]
async fn b33_a_request_that_is_not_kept_is_never_repeated() {
    let mut stage = Stage::new();
    let call = stage.call("once");
    stage.next().await.send_error("refused");
    assert_eq!(failure(call).await, ("refused".into(), false));
}
