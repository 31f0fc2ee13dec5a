//! When the sweeper sweeps, and what the clock says.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_sweeper_parks_when_idle_wakes_with_a_call_and_ends_with_its_last_handle() {
    let (sweeper, task) = Sweeper::new();
    let task = tokio::spawn(task);
    let service = watched(&sweeper, &member()).layer(answers_after());
    sleep(millis(10_000)).await;
    assert_eq!(sweeper.sweeps(), 0, "nothing was ever in flight");

    for _ in 0..3 {
        let before = sweeper.sweeps();
        let end = service.clone().oneshot(millis(200)).await;
        assert_eq!(end, Ok(()));
        parked(&sweeper).await;
        let during = sweeper.sweeps() - before;
        assert!((8..=11).contains(&during), "{during} sweeps for 200 ms");
        sleep(millis(60_000)).await;
        assert_eq!(sweeper.sweeps(), before + during, "parked for a minute");
    }

    drop(sweeper);
    sleep(millis(100)).await;
    assert!(!task.is_finished(), "the service is a handle too");
    drop(service);
    timeout(millis(100), task).await.expect("the task ends").unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_first_call_after_a_park_has_its_full_time() {
    let sweeper = Sweeper::spawn();
    let service = watched(&sweeper, &member()).layer(answers_after());
    let clock = sweeper.clock();
    for _ in 0..5 {
        sleep(millis(12_345)).await;
        let start = Instant::now();
        assert!(service.clone().oneshot(millis(10_000)).await.is_err());
        assert!(start.elapsed() >= LIMIT, "{:?}", start.elapsed());
    }
    assert!(clock.now() >= 5 * 12_345, "a park counts as time");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_ready_at_once_takes_no_slot_and_still_sees_the_time() {
    let sweeper = Sweeper::spawn();
    let layer = watched(&sweeper, &member());
    let member = layer.member.clone().unwrap();
    let ready = layer.layer(service_fn(|()| std::future::ready(Ok::<_, &'static str>(()))));
    sleep(millis(5000)).await;
    assert_eq!(ready.clone().oneshot(()).await, Ok(()));
    assert_eq!(sweeper.clock().now(), 5000);
    assert!(!member.in_flight());
    // However many there are, none but the first after a park reads the clock.
    for _ in 0..100 {
        assert_eq!(ready.clone().oneshot(()).await, Ok(()));
    }
    sleep(millis(60_000)).await;
    assert_eq!(sweeper.sweeps(), 1, "nothing was in flight, so it parks at once");
    assert_eq!(ready.oneshot(()).await, Ok(()));
    assert_eq!(sweeper.clock().now(), 65_000);
}

#[tokio::test(start_paused = true)]
async fn calls_end_by_timers_of_their_own_when_the_sweeper_is_gone() {
    let (sweeper, task) = Sweeper::new();
    let task = tokio::spawn(task);
    let service = watched(&sweeper, &member()).layer(answers_after());
    let in_flight = tokio::spawn(service.clone().oneshot(millis(10_000)));
    sleep(millis(100)).await;
    task.abort();
    let elapsed = Err(DeadlineError::Elapsed { after: LIMIT });
    assert_eq!(timeout(millis(1000), in_flight).await.unwrap().unwrap(), elapsed);
    assert_eq!(timeout(millis(1000), service.oneshot(millis(10_000))).await.unwrap(), elapsed);
}

#[tokio::test(start_paused = true)]
async fn the_coarse_clock_follows_while_calls_are_in_flight() {
    let sweeper = Sweeper::spawn();
    let (coarse, precise) = (sweeper.clock(), Clock::precise());
    let service = watched(&sweeper, &member()).layer(answers_after());
    let call = tokio::spawn(service.oneshot(millis(400)));
    for _ in 0..7 {
        sleep(millis(50)).await;
        let behind = precise.now() - coarse.now();
        assert!(behind <= 27, "{behind} ms behind");
    }
    call.await.unwrap().unwrap();
}
