//! Nobody can serve: B7, B28 to B30, B58.

use std::time::Duration;

use tokio::time::{Instant, advance, sleep};
use tower_failover::availability::{CircuitState, OpenReason};
use tower_failover::{Event, FailoverError, Health, Signal, SwitchReason};

use super::stage::{Balance, GRACE, Region, Stage, Watched, active, ask, pass, settled, weighing};

#[tokio::test(start_paused = true)]
async fn b28_calls_fail_at_once_and_count_attempts_by_the_clock() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.all_fall();
    settled().await;
    let began = Instant::now();
    for _ in 0..50 {
        let error = ask(&balance).await.expect_err("an outage");
        let FailoverError::TemporarilyUnavailable(outage) = error else { panic!("{error:?}") };
        assert_eq!(outage.attempt, 1, "calls count nothing");
        assert_eq!(outage.retry_after, Duration::from_secs(12));
    }
    assert_eq!(Instant::now(), began);
    advance(Duration::from_secs(30)).await;
    let error = ask(&balance).await.expect_err("an outage");
    let FailoverError::TemporarilyUnavailable(outage) = error else { panic!("{error:?}") };
    assert_eq!((outage.attempt, outage.lasted), (3, Duration::from_secs(30)));
    assert_eq!(outage.retry_after, Duration::from_secs(6));
    advance(Duration::from_secs(90)).await;
    assert!(matches!(ask(&balance).await, Err(FailoverError::NoValidMember(_))));
}

#[tokio::test(start_paused = true)]
async fn b28_calls_work_again_after_no_valid_member_and_the_next_outage_counts_anew() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.all_fall();
    pass(Duration::from_secs(1000)).await;
    assert!(matches!(ask(&balance).await, Err(FailoverError::NoValidMember(_))));
    stage.heavy.rises();
    settled().await;
    assert_eq!(ask(&balance).await, Ok("heavy"));
    stage.heavy.falls();
    settled().await;
    let error = ask(&balance).await.expect_err("an outage");
    assert!(matches!(error, FailoverError::TemporarilyUnavailable(outage) if outage.attempt == 1));
}

#[tokio::test(start_paused = true)]
async fn b30_the_start_is_no_outage_as_long_as_somebodys_first_verdict_is_waited_for() {
    let mut stage = Stage::new();
    let regions = [&stage.light, &stage.middle, &stage.heavy];
    let watched = regions.map(Region::watched);
    watched.iter().for_each(Watched::hangs);
    for region in regions {
        region.availability().signal(Signal::Force { until: None, drill: true });
    }
    let _balance = stage.balance(stage.config());
    let began = |stage: &mut Stage| stage.told().contains(&Event::OutageBegan);
    pass(Duration::from_millis(900)).await;
    assert!(!began(&mut stage), "nobody knows anything of them");
    pass(Duration::from_millis(200)).await;
    assert!(began(&mut stage), "none has answered its first probe");
}

#[tokio::test(start_paused = true)]
async fn b29_calls_wait_for_a_member_up_to_the_limit() {
    let stage = Stage::new();
    let mut config = stage.config();
    config.wait_for_member = Some(Duration::from_secs(2));
    let balance = stage.balance(config);
    settled().await;
    stage.all_fall();
    settled().await;

    let began = Instant::now();
    assert!(matches!(ask(&balance).await, Err(FailoverError::TemporarilyUnavailable(_))));
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert!(began.elapsed() < Duration::from_millis(2100));

    let call = ask(&balance);
    let help = async {
        sleep(Duration::from_millis(500)).await;
        stage.heavy.rises();
    };
    let began = Instant::now();
    assert_eq!(tokio::join!(call, help).0, Ok("heavy"));
    assert!(began.elapsed() < Duration::from_millis(600));
}

#[tokio::test(start_paused = true)]
async fn b30_events_tell_when_an_outage_begins_escalates_and_ends() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
    stage.all_fall();
    settled().await;
    assert_eq!(stage.told().last(), Some(&Event::OutageBegan));
    pass(Duration::from_secs(119)).await;
    assert_eq!(stage.told(), []);
    pass(Duration::from_secs(1)).await;
    assert!(matches!(stage.told()[..], [Event::OutageEscalated { lasted }] if lasted.as_secs() == 120));
    pass(Duration::from_secs(600)).await;
    assert_eq!(stage.told(), [], "once");
    stage.heavy.rises();
    settled().await;
    let told = stage.told();
    assert!(matches!(told[0], Event::OutageEnded { lasted } if lasted.as_secs() == 720), "{told:?}");
    assert!(matches!(told[1], Event::ActiveChanged { from: None, reason: SwitchReason::Recovered, .. }));
}

#[tokio::test(start_paused = true)]
async fn b58_when_all_went_at_once_the_heaviest_is_waited_for_and_has_no_grace() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.all_fall();
    pass(Duration::from_secs(30)).await;
    stage.light.rises();
    settled().await;
    assert_eq!(active(&balance), None, "the heaviest may be back any moment");
    sleep(Duration::from_millis(500)).await;
    stage.heavy.rises();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
}

#[tokio::test(start_paused = true)]
async fn b58_the_heaviest_is_waited_for_one_round_and_no_longer() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.all_fall();
    pass(Duration::from_secs(30)).await;
    stage.light.rises();
    pass(Duration::from_secs(1)).await;
    assert_eq!(active(&balance), None);
    pass(Duration::from_millis(250)).await;
    assert_eq!(active(&balance).as_deref(), Some("light"));
}

#[tokio::test(start_paused = true)]
async fn b58_who_went_alone_keeps_its_grace_and_nobody_is_waited_for() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.heavy.falls();
    pass(Duration::from_secs(30)).await;
    stage.middle.falls();
    stage.light.falls();
    settled().await;
    stage.light.rises();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("light"));
}

/// The member that ended the wait goes before the wait is over: the driver must come to rest again.
#[tokio::test(start_paused = true)]
async fn b58_a_member_that_returns_and_goes_again_leaves_no_wait_behind() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.all_fall();
    pass(Duration::from_secs(30)).await;
    stage.light.rises();
    settled().await;
    stage.light.falls();
    // On a paused clock a driver that never rests would let no time pass.
    let rested = tokio::spawn(pass(Duration::from_secs(10)));
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    sleep(Duration::from_secs(20)).await;
    assert!(rested.is_finished());
    assert!(ask(&balance).await.is_err());
}

/// The escalation falls into the wait for the heaviest.
#[tokio::test(start_paused = true)]
async fn b30_an_outage_escalates_on_time_while_the_heaviest_is_waited_for() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
    stage.all_fall();
    settled().await;
    sleep(Duration::from_millis(119_500)).await;
    stage.light.rises();
    pass(Duration::from_millis(600)).await;
    assert!(matches!(stage.told().last(), Some(Event::OutageEscalated { .. })));
    pass(Duration::from_millis(750)).await;
    assert_eq!(active(&balance).as_deref(), Some("light"));
}

#[tokio::test(start_paused = true)]
async fn b58_a_healthy_heaviest_is_back_within_the_wait_for_its_round() {
    let stage = Stage::new();
    let check = stage.heavy.watched();
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    check.is_cut();
    stage.all_fall();
    pass(Duration::from_secs(60)).await;
    assert_eq!(active(&balance), None);
    // Its three probes, each 10 ms long and half a second after the last, take just over a second.
    check.says(Health::Healthy);
    stage.light.rises();
    pass(Duration::from_millis(1200)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
}

#[tokio::test(start_paused = true)]
async fn b58_the_heaviest_is_asked_when_another_returns() {
    let stage = Stage::new();
    let checks = [stage.light.watched(), stage.middle.watched(), stage.heavy.watched()];
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    checks.iter().for_each(Watched::is_cut);
    pass(Duration::from_secs(60)).await;
    assert_eq!(active(&balance), None);
    let asked = checks[2].probes();
    stage.light.rises();
    settled().await;
    assert_eq!(checks[2].probes(), asked + 1, "at once, whatever its backoff says");
}

#[tokio::test(start_paused = true)]
async fn b58_when_others_return_only_who_is_heavier_than_all_of_them_is_asked() {
    for weight in [0.5, 1.0] {
        let stage = Stage::new();
        let checks = [stage.light.watched(), stage.middle.watched(), stage.heavy.watched()];
        let balance = stage.balance(stage.config());
        pass(Duration::from_secs(3)).await;
        balance.handle().set_weight("middle", weighing(weight)).await.expect("a member");
        checks.iter().for_each(Watched::is_cut);
        pass(Duration::from_secs(60)).await;
        let asked = checks[1].probes();
        stage.light.rises();
        stage.heavy.rises();
        settled().await;
        assert_eq!(active(&balance).as_deref(), Some("heavy"));
        assert_eq!(checks[1].probes(), asked, "{weight} is no more than what has returned");
    }
}

#[tokio::test(start_paused = true)]
async fn b58_when_one_returns_who_is_drained_is_not_asked() {
    let stage = Stage::new();
    let checks = [stage.light.watched(), stage.middle.watched(), stage.heavy.watched()];
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    balance.handle().drain("heavy", None).await.expect("a member");
    checks.iter().for_each(Watched::is_cut);
    pass(Duration::from_secs(60)).await;
    assert_eq!(active(&balance), None);
    let asked = [checks[1].probes(), checks[2].probes()];
    stage.light.rises();
    settled().await;
    assert_eq!([checks[1].probes(), checks[2].probes()], [asked[0] + 1, asked[1]]);
}

#[tokio::test(start_paused = true)]
async fn b58_when_all_fall_silent_nobody_is_taken_who_is_silent_too() {
    let mut stage = Stage::new();
    let checks = [stage.light.watched(), stage.middle.watched(), stage.heavy.watched()];
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    stage.told();
    checks.iter().for_each(Watched::hangs);
    // By a call that is not answered.
    stage.heavy.availability().suspect();
    pass(Duration::from_millis(1050)).await;
    assert_eq!(active(&balance), None);
    assert_eq!(
        stage.told(),
        [Event::OutageBegan],
        "the others were asked at the same time, and nobody was taken"
    );
    stage.heavy.rises();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"), "without a grace period");
}

#[tokio::test(start_paused = true)]
async fn b58_the_others_are_asked_once_for_each_suspicion() {
    let stage = Stage::new();
    let (middle, heavy) = (stage.middle.watched(), stage.heavy.watched());
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    let asked = middle.probes();
    heavy.hangs();
    stage.heavy.availability().suspect();
    pass(Duration::from_millis(900)).await;
    assert_eq!(middle.probes(), asked + 1);
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
    pass(Duration::from_millis(110)).await;
    assert_eq!(active(&balance).as_deref(), Some("middle"), "it has answered, and is taken at once");
}

/// The heavy one says nothing, and shortly before that is judged the middle one is suspected too, and says nothing either.
async fn silent_one_after_the_other(stage: &Stage) -> (Balance, [Watched; 2]) {
    let (middle, heavy) = (stage.middle.watched(), stage.heavy.watched());
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    heavy.hangs();
    stage.heavy.availability().suspect();
    pass(Duration::from_millis(900)).await;
    middle.hangs();
    stage.middle.availability().suspect();
    (balance, [middle, heavy])
}

#[tokio::test(start_paused = true)]
async fn b58_the_last_answer_is_waited_for_a_moment_and_no_longer() {
    let stage = Stage::new();
    let (balance, _watched) = silent_one_after_the_other(&stage).await;
    pass(Duration::from_millis(440)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"), "it is asked, and has not answered yet");
    pass(Duration::from_millis(20)).await;
    assert_eq!(active(&balance).as_deref(), Some("middle"));
}

/// It refuses connections, so that nothing is to be found out about ourselves.
#[tokio::test(start_paused = true)]
async fn b58_who_leaves_a_member_that_does_not_hang_waits_for_no_answer() {
    let stage = Stage::new();
    let middle = stage.middle.watched();
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    middle.hangs();
    stage.middle.availability().suspect();
    stage.heavy.falls();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("middle"));
}

#[tokio::test(start_paused = true)]
async fn b58_who_is_drained_is_not_asked() {
    let stage = Stage::new();
    let checks = [stage.light.watched(), stage.middle.watched(), stage.heavy.watched()];
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    balance.handle().drain("middle", None).await.expect("a member");
    let asked = [checks[0].probes(), checks[1].probes()];
    checks[2].hangs();
    stage.heavy.availability().suspect();
    pass(Duration::from_millis(100)).await;
    assert_eq!([checks[0].probes(), checks[1].probes()], [asked[0] + 1, asked[1]]);
}

#[tokio::test(start_paused = true)]
async fn b58_an_order_by_hand_waits_for_no_answer() {
    let stage = Stage::new();
    let (balance, _watched) = silent_one_after_the_other(&stage).await;
    pass(Duration::from_millis(150)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"), "the answer is waited for");
    balance.handle().force_active("middle", None).await.expect("a member");
    assert_eq!(active(&balance).as_deref(), Some("middle"), "once that is said, it is so");
}

#[tokio::test(start_paused = true)]
async fn b58_the_others_are_asked_no_more_than_once_a_second() {
    let stage = Stage::new();
    let (middle, heavy) = (stage.middle.watched(), stage.heavy.watched());
    let _balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    let asked = middle.probes();
    for _ in 0..3 {
        let of_heavy = heavy.probes();
        stage.heavy.availability().suspect();
        pass(Duration::from_millis(260)).await;
        assert_eq!(heavy.probes(), of_heavy + 1, "it answers, and is suspected anew");
    }
    assert_eq!(middle.probes(), asked + 1);
}

/// What a circuit does while its member is away is no sign of when the member went.
#[tokio::test(start_paused = true)]
async fn b58_who_was_away_before_went_alone_however_often_it_was_tried_since() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    // A check that fails in its second round: the circuit is tried, and opens once more.
    let check = stage.heavy.watched();
    pass(Duration::from_secs(3)).await;
    stage.heavy.falls();
    settled().await;
    let went_at = Instant::now();
    let moved_at = loop {
        sleep(Duration::from_millis(100)).await;
        let circuit = stage.heavy.circuit.status();
        if circuit.state == CircuitState::HalfOpen {
            check.is_cut();
            settled().await;
        } else if circuit.since > went_at + GRACE {
            break circuit.since;
        }
    };
    assert!(moved_at.elapsed() < Duration::from_secs(5), "it moved within the interval");
    stage.middle.falls();
    stage.light.falls();
    settled().await;
    assert_eq!(active(&balance), None);
    stage.light.rises();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("light"), "nobody is waited for");
}

#[tokio::test(start_paused = true)]
async fn b58_together_is_within_one_interval() {
    for (apart, together) in [(Duration::from_millis(2400), true), (Duration::from_millis(2600), false)] {
        let stage = Stage::new();
        let balance = stage.balance(stage.config());
        settled().await;
        for region in [&stage.heavy, &stage.middle, &stage.light] {
            region.falls();
            sleep(apart).await;
        }
        stage.light.rises();
        settled().await;
        let waits = active(&balance).is_none();
        assert_eq!(waits, together, "{:?} between the first and the last", apart * 2);
    }
}

#[tokio::test(start_paused = true)]
async fn b58_who_was_sent_away_by_hand_says_nothing_of_us() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    balance.handle().drain("middle", None).await.expect("a known member");
    pass(Duration::from_secs(60)).await;
    stage.heavy.falls();
    stage.light.falls();
    settled().await;
    stage.light.rises();
    settled().await;
    assert_eq!(active(&balance), None, "both that were to serve went at once");
    stage.heavy.rises();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
}

/// It trips, all others are away, and its checks pass.
#[tokio::test(start_paused = true)]
async fn b7_a_last_resort_to_the_member_that_serves_is_no_switch() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    stage.heavy.rises();
    settled().await;
    stage.middle.falls();
    stage.light.falls();
    settled().await;
    let (told, version) = (stage.told().len(), balance.handle().snapshot().version);
    assert!(told > 0);

    let epoch = stage.heavy.availability().gate().epoch;
    stage.heavy.availability().signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
    settled().await;
    assert_eq!(stage.heavy.circuit.state(), CircuitState::Closed, "with a fresh window");
    assert_eq!(ask(&balance).await, Ok("heavy"));
    assert_eq!(stage.told(), [], "calls go nowhere else");
    let snapshot = balance.handle().snapshot();
    assert_eq!((snapshot.version, snapshot.switches.len()), (version, 1));
}
