//! No slot is lost, and no wake-up.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_gives_its_slot_back_at_every_stage() {
    let sweeper = Sweeper::spawn();
    let availability = member();
    let layer = watched(&sweeper, &availability);
    let member = layer.member.clone().unwrap();
    let service = layer.layer(service_fn(|()| pending::<Result<(), &'static str>>()));

    drop(service.clone().oneshot(()));
    assert!(!member.in_flight(), "never polled");
    let mut waiting = tokio_test::task::spawn(service.clone().oneshot(()));
    assert_pending!(waiting.poll());
    assert!(member.in_flight());
    drop(waiting);
    assert!(!member.in_flight(), "dropped while waiting");

    let mut expired = tokio_test::task::spawn(service.oneshot(()));
    assert_pending!(expired.poll());
    sleep(LIMIT + GRAIN).await;
    assert!(expired.is_woken() && member.in_flight());
    drop(expired);
    assert!(!member.in_flight(), "dropped when expired, before it heard of it");
    parked(&sweeper).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ended_holds_no_slot_even_if_its_future_is_kept() {
    let sweeper = Sweeper::spawn();
    let layer = watched(&sweeper, &member());
    let member = layer.member.clone().unwrap();
    let mut call = Box::pin(layer.layer(answers_after()).oneshot(millis(10)));
    poll_fn(|context| call.as_mut().poll(context)).await.unwrap();
    assert!(!member.in_flight());
}

#[test]
fn many_threads_and_cancellations_leak_nothing_and_every_call_settles() {
    const TASKS: usize = 200;
    const CALLS: u32 = 50;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let sweeper = Sweeper::spawn();
        let layer = DeadlineLayer::new(millis(3)).sweeper(&sweeper, &member(), Suspicion::default());
        let member = layer.member.clone().unwrap();
        let settled = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let service = layer.layer(answers_after());
                let settled = Arc::clone(&settled);
                tokio::spawn(async move {
                    for call in 0..CALLS {
                        let service = service.clone();
                        match (task as u32 + call) % 4 {
                            0 => drop(timeout(millis(1), service.oneshot(millis(1000))).await),
                            1 => drop(service.oneshot(Duration::from_secs(3600)).await.unwrap_err()),
                            2 => drop(service.oneshot(millis(1)).await),
                            _ => drop(service.oneshot(Duration::ZERO).await),
                        }
                        settled.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for task in tasks {
            timeout(Duration::from_secs(60), task).await.expect("every call settles").unwrap();
        }
        assert_eq!(settled.load(Ordering::Relaxed), TASKS * CALLS as usize);
        assert!(!member.in_flight());
        timeout(Duration::from_secs(60), parked(&sweeper)).await.expect("the sweeper parks");
    });
}

#[test]
fn no_wake_up_is_lost_between_parking_and_the_next_call() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let sweeper = Sweeper::spawn();
        let layer = DeadlineLayer::new(Duration::ZERO).sweeper(&sweeper, &member(), Suspicion::off());
        for call in 0..30_u64 {
            let service = layer.layer(service_fn(|()| pending::<Result<(), &'static str>>()));
            let ended = timeout(Duration::from_secs(60), service.oneshot(())).await;
            ended.expect("the sweeper was awake").unwrap_err();
            // Around the sweep that parks.
            tokio::time::sleep(Duration::from_micros(48_500 + call * 100)).await;
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_over_holds_no_slot() {
    let (sweeper, availability) = (Sweeper::spawn(), member());
    let service = watched(&sweeper, &availability).layer(answers_after());
    let mut call = Box::pin(service.oneshot(LIMIT * 10));
    assert!(call.as_mut().await.is_err());
    // Kept by its caller, as `select!` in a loop does.
    timeout(LIMIT * 10, parked(&sweeper)).await.expect("a sweeper that parks");
}
