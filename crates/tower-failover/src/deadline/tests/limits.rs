//! Which limit ends a call.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_hang_becomes_an_error_with_and_without_a_sweeper() {
    let sweeper = Sweeper::spawn();
    for layer in [DeadlineLayer::new(LIMIT), watched(&sweeper, &member())] {
        let start = Instant::now();
        let result = layer.layer(answers_after()).oneshot(millis(10_000)).await;
        assert_eq!(result, Err(DeadlineError::Elapsed { after: LIMIT }));
        let took = start.elapsed();
        assert!(took >= LIMIT && took <= LIMIT + GRAIN, "{took:?}");
        assert_eq!(layer.layer(answers_after()).oneshot(millis(450)).await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn errors_and_readiness_of_the_inner_service_pass_through() {
    let sweeper = Sweeper::spawn();
    let (mut service, mut handle) = mock::spawn_layer::<(), (), _>(watched(&sweeper, &member()));
    handle.allow(0);
    assert_pending!(service.poll_ready());
    handle.allow(1);
    assert!(assert_ready!(service.poll_ready()).is_ok());
    let call = service.call(());
    handle.next_request().await.unwrap().1.send_error("broken");
    let error = call.await.unwrap_err();
    assert_eq!(error.to_string(), "broken");
    assert!(matches!(error, DeadlineError::Inner(_)));
}

#[tokio::test(start_paused = true)]
async fn a_request_may_bring_its_own_limit_or_none() {
    let sweeper = Sweeper::spawn();
    let timeout_of = |wait: &Duration| match wait.as_secs() {
        0 => Timeout::Usual,
        1 => Timeout::Within(millis(100)),
        _ => Timeout::Exempt(None),
    };
    for layer in [DeadlineLayer::new(LIMIT), watched(&sweeper, &member())] {
        let service = layer.timeout_of(timeout_of).layer(answers_after());
        assert_eq!(service.clone().oneshot(millis(400)).await, Ok(()));
        let shorter = service.clone().oneshot(millis(1400)).await;
        assert_eq!(shorter, Err(DeadlineError::Elapsed { after: millis(100) }));
        assert_eq!(service.oneshot(millis(60_000)).await, Ok(()), "no limit at all");
    }
}

/// A service for borrowed requests, as `for<'a> Service<Borrowed<'a>>`.
#[derive(Clone)]
struct Length;

#[derive(Clone, Copy)]
struct Borrowed<'a>(&'a str);

impl Service<Borrowed<'_>> for Length {
    type Response = usize;
    type Error = &'static str;
    type Future = std::future::Ready<Result<usize, &'static str>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Borrowed<'_>) -> Self::Future {
        std::future::ready(Ok(request.0.len()))
    }
}

fn timeout_of(_request: &Borrowed<'_>) -> Timeout {
    Timeout::Usual
}

fn send_static<F: Future + Send + 'static>(future: F) -> Pin<Box<dyn Future<Output = F::Output> + Send>> {
    Box::pin(future)
}

#[tokio::test]
async fn borrowed_requests_pass() {
    async fn measure<S>(mut service: S) -> usize
    where
        S: for<'a> Service<Borrowed<'a>, Response = usize, Error = DeadlineError<&'static str>>,
    {
        let owned = String::from("four");
        service.call(Borrowed(&owned)).await.unwrap()
    }
    let layer = DeadlineLayer::new(LIMIT).timeout_of(timeout_of as fn(&Borrowed<'_>) -> Timeout);
    assert_eq!(measure(layer.layer(Length)).await, 4);
    assert_eq!(measure(DeadlineLayer::new(LIMIT).layer(Length)).await, 4);
    let future = watched(&Sweeper::spawn(), &member()).layer(Length).call(Borrowed("three"));
    assert_eq!(send_static(future).await, Ok(5));
}
