//! Our own stall is not theirs.

use super::*;

#[tokio::test(start_paused = true)]
async fn b57_a_stall_on_a_paused_clock_is_not_charged_to_a_call() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let service =
        watched(&sweeper, &availability).layer(service_fn(|()| pending::<Result<(), &'static str>>()));
    let start = Instant::now();
    let call = tokio::spawn(service.oneshot(()));
    sleep(millis(60)).await;
    tokio::time::advance(millis(10_000)).await;
    sleep(millis(10)).await;
    assert!(!call.is_finished());
    call.await.unwrap().unwrap_err();
    let took = start.elapsed();
    assert!(took > millis(10_000) + LIMIT - GRAIN && took < millis(10_000) + LIMIT + GRAIN * 2, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn b57_after_more_than_a_second_every_member_is_asked_before_anything_counts() {
    for (stall, asked) in [(millis(900), false), (millis(1200), true)] {
        let sweeper = Sweeper::spawn();
        let members = [member(), member()];
        let _probes = members.each_ref().map(|member| member.attach_probes(Suspicion::default()));
        let _standby = watched(&sweeper, &members[1]);
        let service =
            watched(&sweeper, &members[0]).layer(service_fn(|()| pending::<Result<(), &'static str>>()));
        let call = tokio::spawn(service.oneshot(()));
        sleep(millis(60)).await;
        tokio::time::advance(stall).await;
        sleep(millis(10)).await;
        let suspected = members.each_ref().map(Availability::is_suspected);
        assert_eq!(
            suspected, [asked; 2],
            "{stall:?}: the one in use, and the one whose connections are kept"
        );
        assert!(!call.is_finished(), "the stall is not charged to the call");
        call.abort();
    }
}

/// The answer came while the runtime's only thread was blocked for longer than the limit.
async fn answer_that_came_during_a_stall(layer: DeadlineLayer, availability: &Availability) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (go, gone) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        gone.recv().unwrap();
        stream.write_all(b"+").unwrap();
        stream
    });
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut reader = Some(async move {
        use tokio::io::AsyncReadExt;
        stream.read_u8().await
    });
    let service = layer.layer(service_fn(move |()| reader.take().unwrap()));
    let call = tokio::spawn(service.oneshot(()));
    tokio::task::yield_now().await;
    // From here on the only thread stands still: until the answer was written, and then for longer than the limit.
    go.send(()).unwrap();
    let _stream = server.join().unwrap();
    std::thread::sleep(millis(300));
    assert_eq!(call.await.unwrap().unwrap(), b'+');
    assert!(!availability.is_suspected());
}

#[tokio::test]
async fn b57_an_answer_that_came_while_we_stood_still_is_taken() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let _probes = availability.attach_probes(Suspicion::default());
    let limit = millis(200);
    answer_that_came_during_a_stall(DeadlineLayer::new(limit), &availability).await;
    let watched = DeadlineLayer::new(limit).sweeper(&sweeper, &availability, Suspicion::default());
    answer_that_came_during_a_stall(watched, &availability).await;
}
