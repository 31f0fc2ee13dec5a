//! When silence is suspicious, and what speaks for a member.

use super::*;

#[tokio::test(start_paused = true)]
async fn b17_silence_while_calls_wait_raises_suspicion() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let _probes = availability.attach_probes(Suspicion::default());
    let service = watched(&sweeper, &availability).layer(answers_after());
    let call = tokio::spawn(service.clone().oneshot(millis(10_000)));
    sleep(millis(95)).await;
    assert!(!availability.is_suspected());
    sleep(millis(5) + GRAIN).await;
    assert!(availability.is_suspected());
    call.abort();
}

#[tokio::test(start_paused = true)]
async fn b17_a_member_that_answers_others_is_not_suspected() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let _probes = availability.attach_probes(Suspicion::default());
    let service = watched(&sweeper, &availability).layer(answers_after());
    let slow = tokio::spawn(service.clone().oneshot(millis(480)));
    for _ in 0..9 {
        service.clone().oneshot(millis(50)).await.unwrap();
        assert!(!availability.is_suspected());
    }
    slow.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn b17_errors_are_no_answers() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let _probes = availability.attach_probes(Suspicion::default());
    let layer = watched(&sweeper, &availability);
    let slow = tokio::spawn(layer.layer(answers_after()).oneshot(millis(400)));
    let fails = layer.layer(service_fn(|()| async {
        sleep(millis(20)).await;
        Err::<(), _>("broken")
    }));
    for _ in 0..10 {
        fails.clone().oneshot(()).await.unwrap_err();
    }
    assert!(availability.is_suspected());
    slow.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn b17_exempt_requests_and_idle_members_are_not_suspected() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let _probes = availability.attach_probes(Suspicion::default());
    let layer = watched(&sweeper, &availability);
    let blocking = layer.clone().timeout_of(|_: &Duration| Timeout::Exempt(None)).layer(answers_after());
    blocking.oneshot(millis(5000)).await.unwrap();
    sleep(millis(5000)).await;
    layer.layer(answers_after()).oneshot(millis(50)).await.unwrap();
    assert!(!availability.is_suspected());
}

#[tokio::test(start_paused = true)]
async fn b17_slow_round_trips_make_patient_and_off_is_off() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let _probes = availability.attach_probes(Suspicion::default());
    availability.traffic().probe_took(millis(50));
    let service = watched(&sweeper, &availability).layer(answers_after());
    service.oneshot(millis(390)).await.unwrap();
    assert!(!availability.is_suspected(), "eight round trips of 50 ms");

    let quiet = member();
    let _probes = quiet.attach_probes(Suspicion::default());
    let off = DeadlineLayer::new(LIMIT).sweeper(&sweeper, &quiet, Suspicion::off());
    off.layer(answers_after()).oneshot(millis(5000)).await.unwrap_err();
    assert!(!quiet.is_suspected());
}

/// Round trips are long where the member is far away, and where we are slow ourselves.
#[tokio::test(start_paused = true)]
async fn b17_a_call_that_waited_for_its_whole_limit_in_vain_is_silence_however_long_round_trips_are() {
    let hasty = Suspicion::default().after - millis(50);
    for (limit, others_are_answered, suspected) in
        [(LIMIT, false, true), (LIMIT, true, false), (hasty, false, false)]
    {
        let sweeper = Sweeper::spawn();
        let availability = member();
        let _probes = availability.attach_probes(Suspicion::default());
        availability.traffic().probe_took(LIMIT);
        let layer = DeadlineLayer::new(limit).sweeper(&sweeper, &availability, Suspicion::default());
        let service = layer.layer(answers_after());
        let call = tokio::spawn(service.clone().oneshot(LIMIT * 3));
        sleep(limit / 2).await;
        if others_are_answered {
            service.oneshot(millis(1)).await.unwrap();
        }
        call.await.unwrap().unwrap_err();
        assert_eq!(availability.is_suspected(), suspected, "limit: {limit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn b20_only_a_call_sent_after_the_probe_began_speaks_for_the_member() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let service = watched(&sweeper, &availability).layer(answers_after());
    let before = tokio::spawn(service.clone().oneshot(millis(100)));
    sleep(millis(10)).await;
    let probe = availability.traffic().probe_begins();
    before.await.unwrap().unwrap();
    assert!(!availability.traffic().answered_since(probe));
    service.oneshot(millis(1)).await.unwrap();
    assert!(availability.traffic().answered_since(probe));
}

#[tokio::test(start_paused = true)]
async fn b35_an_interrupt_wakes_every_call_in_flight() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let service =
        watched(&sweeper, &availability).layer(service_fn(|()| pending::<Result<(), &'static str>>()));
    let mut calls: Vec<_> = (0..100).map(|_| tokio_test::task::spawn(service.clone().oneshot(()))).collect();
    calls.iter_mut().for_each(|call| assert_pending!(call.poll()));
    assert!(!calls.iter().any(tokio_test::task::Spawn::is_woken));
    availability.interrupt();
    assert!(calls.iter().all(tokio_test::task::Spawn::is_woken));
}
