//! A member may have died: it is asked at once (B17).

use tokio::time::timeout;

use super::*;
use crate::availability::Suspicion;

/// A member that has passed its first round, and rests.
async fn healthy(script: &Script) -> Watched {
    let mut member = Watched::by(&plan([script.check("ping")]));
    assert_eq!(member.changes().await, Verdict::Healthy);
    sleep(millis(1000)).await;
    assert_eq!(script.asked(), 3);
    member
}

async fn settled(member: &Watched) {
    while member.availability.is_suspected() {
        sleep(millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn b17_a_suspicion_starts_one_probe_at_once_and_a_failed_one_makes_it_unhealthy_at_once() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    script.now_follow([Refuse]);
    let suspected_at = Instant::now();
    for _ in 0..100 {
        member.availability.suspect();
    }
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert!(suspected_at.elapsed() <= millis(2), "{:?}", suspected_at.elapsed());
    assert_eq!(script.causes()[3..], [ProbeCause::Suspicion]);
    assert!(!member.availability.is_suspected());
    assert!(matches!(member.evidence(), Some(Evidence::Unreachable(_))));
}

#[tokio::test(start_paused = true)]
async fn b17_a_passed_probe_changes_nothing() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    member.availability.suspect();
    settled(&member).await;
    assert_eq!(script.asked(), 4);
    assert_eq!(member.told(), []);
    assert_eq!(member.verdict(), Verdict::Healthy);
}

#[tokio::test(start_paused = true)]
async fn b17_probes_are_250_ms_apart_after_a_passed_one() {
    let script = Script::new([WELL]);
    let member = healthy(&script).await;
    let begun = Instant::now();
    while begun.elapsed() < millis(1900) {
        member.availability.suspect();
        sleep(millis(5)).await;
    }
    let at = script.asked_at();
    let probes = &at[3..];
    assert!((6..=8).contains(&probes.len()), "{} probes", probes.len());
    assert!(probes.windows(2).all(|pair| pair[1] - pair[0] >= millis(250)));
}

#[tokio::test(start_paused = true)]
async fn b17_the_probe_has_one_second_or_eight_round_trips() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    script.now_follow([Hang]);
    let suspected_at = Instant::now();
    member.availability.suspect();
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    let took = suspected_at.elapsed();
    assert!((millis(1000)..millis(1010)).contains(&took), "{took:?}");
    assert!(member.availability.view().is_hung());

    let far = Script::new([WELL.after(millis(300))]);
    let mut member = Watched::by(&plan([far.check("ping")]));
    assert_eq!(member.changes().await, Verdict::Healthy);
    member.availability.suspect();
    settled(&member).await;
    let timeout = far.timeouts()[3];
    assert!((millis(2400)..millis(2420)).contains(&timeout), "{timeout:?}");
}

#[tokio::test(start_paused = true)]
async fn b17_fast_gives_the_probe_half_a_second() {
    let script = Script::new([WELL]);
    let mut member = Watched::by(&plan([script.check("ping")]).suspicion(Suspicion::fast()));
    assert_eq!(member.changes().await, Verdict::Healthy);
    script.now_follow([Hang]);
    let suspected_at = Instant::now();
    member.availability.suspect();
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    let took = suspected_at.elapsed();
    assert!((millis(500)..millis(510)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn b17_only_a_check_that_tells_life_measures_the_round_trip() {
    let ping = Script::new([WELL]);
    let lag = Script::new([WELL.after(millis(900))]);
    let mut member = Watched::by(&plan([ping.check("ping"), lag.check("lag").without_suspicion()]));
    assert_eq!(member.changes().await, Verdict::Healthy);
    member.availability.suspect();
    settled(&member).await;
    assert_eq!(ping.timeouts()[3], millis(1000));
}

/// It took so long because it asked on a dead connection first.
#[tokio::test(start_paused = true)]
async fn b17_a_probe_that_took_half_of_its_time_is_no_round_trip() {
    let script = Script::new([WELL.after(millis(20))]);
    let member = healthy(&script).await;
    let usual = member.availability.traffic().round_trip();
    script.now_follow([WELL.after(millis(510))]);
    member.availability.suspect();
    settled(&member).await;
    assert_eq!(script.asked(), 4);
    assert_eq!(member.availability.traffic().round_trip(), usual);
}

#[tokio::test(start_paused = true)]
async fn b17_a_probe_that_hangs_in_a_round_does_not_delay_a_suspicion() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    script.now_follow([Hang, Refuse]);
    sleep(millis(4050)).await;
    assert_eq!(script.asked(), 4, "the scheduled probe hangs");
    let suspected_at = Instant::now();
    member.availability.suspect();
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert!(suspected_at.elapsed() <= millis(2));
}

#[tokio::test(start_paused = true)]
async fn b23_a_round_that_began_before_a_failed_suspicion_does_not_overwrite_it() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    sleep(millis(4050)).await;
    assert_eq!(script.asked(), 4, "a round is on its way, and its first probe has passed");
    script.now_follow([Refuse]);
    member.availability.suspect();
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    // It would have ended by now; instead a new round began, at the backoff's pace.
    script.now_follow([WELL]);
    let failed_at = Instant::now();
    assert_eq!(member.changes().await, Verdict::Healthy);
    assert!(failed_at.elapsed() >= millis(1000), "all three probes: {:?}", failed_at.elapsed());
}

#[tokio::test(start_paused = true)]
async fn b23_a_failed_round_settles_the_suspicion_that_began_before_it_ended() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    script.now_follow([Hang]);
    sleep(millis(4050)).await;
    member.availability.suspect();
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    sleep(millis(1)).await;
    assert!(!member.availability.is_suspected());
}

#[tokio::test(start_paused = true)]
async fn b36_an_unhealthy_member_is_not_dialled_more_often_for_being_suspected() {
    let script = Script::new([Refuse]);
    let mut member = Watched::by(&plan([script.check("ping")]));
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        member.availability.suspect();
        sleep(millis(1)).await;
    }
    assert!(script.asked() < 30, "{} dials in 20 s", script.asked());
    assert!(!script.causes().contains(&ProbeCause::Suspicion));

    script.now_follow([WELL]);
    assert_eq!(member.changes().await, Verdict::Healthy);
    settled(&member).await;
}

#[tokio::test(start_paused = true)]
async fn b17_the_first_check_that_tells_life_is_asked() {
    let lag = Script::new([WELL]);
    let ping = Script::new([WELL]);
    let mut member = Watched::by(&plan([lag.check("lag").without_suspicion(), ping.check("ping")]));
    assert_eq!(member.changes().await, Verdict::Healthy);
    member.availability.suspect();
    settled(&member).await;
    assert_eq!((lag.asked(), ping.asked()), (3, 4));

    let alone = Script::new([WELL]);
    let mut member = Watched::by(&plan([alone.check("lag").without_suspicion()]));
    assert_eq!(member.changes().await, Verdict::Healthy);
    member.availability.suspect();
    settled(&member).await;
    assert_eq!(alone.asked(), 3, "nobody to ask: settled at once");
}

#[tokio::test(start_paused = true)]
async fn b17_suspicion_off_asks_nothing() {
    let script = Script::new([WELL]);
    let mut member = Watched::by(&plan([script.check("ping")]).suspicion(Suspicion::off()));
    assert_eq!(member.changes().await, Verdict::Healthy);
    member.availability.suspect();
    settled(&member).await;
    assert_eq!(script.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn b24_a_panic_on_suspicion_is_contained() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    script.now_follow([Panic, WELL]);
    member.availability.suspect();
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert_eq!(member.evidence(), Some(Evidence::Panicked));
    assert_eq!(member.changes().await, Verdict::Healthy);
}

#[tokio::test(start_paused = true)]
async fn b57_a_suspicion_is_not_confirmed_by_our_own_stall() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    script.now_follow([Hang.after_stall(Duration::from_secs(3)), WELL]);
    member.availability.suspect();
    settled(&member).await;
    assert_eq!(member.told(), []);
    assert_eq!(script.asked(), 5);
}

#[tokio::test(start_paused = true)]
async fn b57_whoever_is_always_late_comes_to_a_verdict_all_the_same() {
    for (late, probes) in [(60, 2), (190, 2), (210, 3)] {
        let script = Script::new([WELL]);
        let mut member = healthy(&script).await;
        script.now_follow([Step::noticed_late(millis(late))]);
        let suspected_at = Instant::now();
        member.availability.suspect();
        let verdict = timeout(Duration::from_secs(60), member.changes()).await;
        assert_eq!(verdict, Ok(Verdict::Unhealthy), "{late} ms late");
        assert_eq!(script.causes().iter().filter(|cause| **cause == ProbeCause::Suspicion).count(), probes);
        // Each begins as soon as the one before is void.
        let one = millis(1000 + late + 5);
        assert!(suspected_at.elapsed() <= one * u32::try_from(probes).unwrap(), "{late} ms late");
    }
}

#[tokio::test(start_paused = true)]
async fn b57_whoever_stands_still_again_and_again_blames_nobody() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    let asleep = Step::noticed_late(Duration::from_secs(4));
    script.now_follow([asleep.clone(), asleep.clone(), asleep, WELL]);
    member.availability.suspect();
    settled(&member).await;
    assert_eq!(member.told(), []);
}

#[tokio::test(start_paused = true)]
async fn b17_a_suspicion_is_settled_by_the_loop_that_takes_over() {
    let script = Script::new([WELL]);
    let mut member = healthy(&script).await;
    script.now_follow([Hang]);
    member.availability.suspect();
    sleep(millis(10)).await;
    let latter = plan([Script::new([Refuse]).check("ping")]);
    member.watch = latter.watch(&member.availability).unwrap();
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    sleep(millis(1)).await;
    assert!(!member.availability.is_suspected());
    assert!(member.availability.view().checked);
}
