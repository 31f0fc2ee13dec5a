//! The contracts of a service.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_service_that_was_polled_ready_is_the_one_called() {
    let mut stage = Stage::new();
    stage.calls.allow(1);
    let mut service = stage.service();
    service.ready().await.unwrap();
    let call = tokio::spawn(service.call("get"));
    stage.next().await.send_error("refused");
    sleep(Duration::from_millis(20)).await;
    assert!(!call.is_finished(), "the repeat waits until its service is ready");
    stage.calls.allow(1);
    stage.next().await.send_response("value");
    assert_eq!(end(call).await.unwrap(), "value");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_was_never_applied() {
    let mut stage = Stage::new();
    stage.calls.allow(1);
    let call = stage.call("increment");
    stage.next().await.send_error("refused");
    sleep(Duration::from_millis(20)).await;
    for _ in 0..3 {
        stage.calls.send_error("broken");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(failure(call).await, ("broken".into(), false));
}

#[tokio::test(start_paused = true)]
async fn a_call_may_be_cancelled_at_every_stage() {
    let mut stage = Stage::new().with_long_backoff();
    drop(stage.service().oneshot("get"));

    let mut in_attempt = tokio_test::task::spawn(stage.service().oneshot("get"));
    assert_pending!(in_attempt.poll());
    let attempt = stage.next().await;
    drop(in_attempt);
    attempt.send_response("nobody hears it");

    let mut in_wait = tokio_test::task::spawn(stage.service().oneshot("get"));
    assert_pending!(in_wait.poll());
    stage.next().await.send_error("refused");
    assert_pending!(in_wait.poll());
    drop(in_wait);

    stage.calls.allow(1);
    let mut in_preparation = tokio_test::task::spawn(stage.service().oneshot("get"));
    assert_pending!(in_preparation.poll());
    stage.next().await.send_error("refused");
    stage.route.moves();
    assert_pending!(in_preparation.poll());
    drop(in_preparation);

    stage.calls.allow(u64::MAX);
    stage.route.moves();
    let Stage { layer, mock, mut calls, .. } = stage;
    drop((layer, mock));
    assert!(calls.next_request().await.is_none(), "nothing is repeated after that");
}

#[derive(Clone, Copy)]
struct Borrowed<'a>(&'a str);

#[derive(Clone)]
struct Length;

impl Service<Borrowed<'_>> for Length {
    type Response = usize;
    type Error = BoxError;
    type Future = std::future::Ready<Result<usize, BoxError>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Borrowed<'_>) -> Self::Future {
        std::future::ready(Ok(request.0.len()))
    }
}

impl<'a> RetryPolicy<Borrowed<'a>, usize, BoxError> for Policy {
    fn assess(&self, _result: Result<&usize, &BoxError>) -> Assessment {
        Assessment::Final
    }

    fn repeatable(&self, _request: &Borrowed<'a>) -> bool {
        true
    }

    fn clone_request(&self, request: &Borrowed<'a>) -> Option<Borrowed<'a>> {
        Some(*request)
    }
}

#[tokio::test]
async fn borrowed_requests_pass_and_futures_are_send() {
    async fn measure<S>(mut service: S) -> usize
    where
        S: for<'a> Service<Borrowed<'a>, Response = usize, Error = RetryError<BoxError>> + Clone + Sync,
    {
        let owned = String::from("four");
        service.call(Borrowed(&owned)).await.unwrap()
    }
    let mut retry = RetryLayer::new(Policy::default()).route(Script::default()).layer(Length);
    assert_eq!(measure(retry.clone()).await, 4);
    let future: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(retry.call(Borrowed("three")));
    assert_eq!(future.await.unwrap(), 5);
}
