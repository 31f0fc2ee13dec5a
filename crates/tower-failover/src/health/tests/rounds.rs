//! Scheduled rounds.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::*;
use crate::clock::Clock;
use crate::health::{HealthyAny, HealthyMajority, Pace};

#[tokio::test(start_paused = true)]
async fn b19_a_round_is_three_probes_half_a_second_apart_every_five_seconds() {
    let script = Script::new([WELL]);
    let begun = Instant::now();
    let _member = Watched::by(&plan([script.check("ping")]));
    sleep(millis(12_600)).await;

    let at: Vec<_> = script.asked_at().iter().map(|at| (*at - begun).as_millis()).collect();
    // Tokio's timer is good to a millisecond.
    let expected = [0, 500, 1000, 6000, 6500, 7000, 12_000, 12_500];
    assert_eq!(at.len(), expected.len(), "{at:?}");
    for (at, expected) in at.iter().zip(expected) {
        assert!(at.abs_diff(expected) <= 10, "{at} instead of {expected}");
    }
    assert_eq!(script.causes()[0], ProbeCause::Scheduled);
    assert_eq!(script.timeouts()[0], millis(1000));
}

#[tokio::test(start_paused = true)]
async fn b19_rounds_of_one_check_never_overlap() {
    let script = Script::new([WELL.after(millis(900))]);
    let settings = HealthSettings { interval: millis(1), delay: Duration::ZERO, ..steady() };
    let _member = Watched::by(&plan([script.check("slow")]).settings(settings));
    sleep(millis(9500)).await;
    let at = script.asked_at();
    assert!(at.len() >= 9);
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= millis(900)), "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn b19_each_check_may_carry_its_own_settings_and_its_last_verdict_counts_between() {
    let ping = Script::new([WELL]);
    let lag = Script::new([Say(Health::NotPreferred("lags".into())), WELL]);
    let rarely = HealthSettings { interval: Duration::from_secs(30), probes: 1, ..steady() };
    let mut member =
        Watched::by(&plan([ping.check("ping"), lag.check("lag").without_suspicion().settings(rarely)]));
    assert_eq!(member.changes().await, Verdict::NotPreferred);

    sleep(millis(28_000)).await;
    assert!(ping.asked() > 9);
    assert_eq!(lag.asked(), 1);
    assert_eq!(member.verdict(), Verdict::NotPreferred, "the lag check's word stands");
    assert_eq!(member.changes().await, Verdict::Healthy);
    assert_eq!(lag.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn b27_a_check_that_finds_a_member_behind_asks_no_sooner_again() {
    let lag = Script::new([Say(Health::Unhealthy(Evidence::Lagging("by 9 s".into())))]);
    let settings = HealthSettings { interval: Duration::from_secs(30), probes: 1, ..steady() };
    let _member = Watched::by(&plan([lag.check("lag").settings(settings)]));
    sleep(millis(29_000)).await;
    assert_eq!(lag.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn b19_equal_seeds_replay_exactly() {
    async fn run(seed: u64) -> Vec<Duration> {
        let script = Script::new([WELL, WELL, WELL, Fail, Fail, Fail, WELL]);
        let begun = Instant::now();
        let plan = HealthPlan::new([script.check("ping")]).chance(Chance::seeded(seed));
        let _member = Watched::by(&plan);
        sleep(Duration::from_secs(60)).await;
        script.asked_at().into_iter().map(|at| at - begun).collect()
    }
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await, run(2).await);
}

#[tokio::test(start_paused = true)]
async fn b19_members_of_one_pace_are_asked_together_and_within_their_jitter() {
    let once = HealthSettings { probes: 1, ..HealthSettings::default() };
    let begun = |script: &Script| script.asked_at();
    let (first, second, apart) = (Script::new([WELL]), Script::new([WELL]), Script::new([WELL]));
    let pace = Pace::default();
    let paced = |script: &Script, seed| {
        let plan = HealthPlan::new([script.check("ping")]).settings(once.clone());
        plan.chance(Chance::seeded(seed))
    };
    let _first = Watched::by(&paced(&first, 1).pace(pace.clone()));
    let _second = Watched::by(&paced(&second, 2).pace(pace));
    let _apart = Watched::by(&paced(&apart, 2));
    sleep(Duration::from_secs(60)).await;

    assert_eq!(begun(&first), begun(&second));
    assert_ne!(begun(&first)[1..], begun(&apart)[1..], "clients do not ask in step");
    let rests: Vec<_> = begun(&first).windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(rests.iter().all(|rest| (millis(4500)..=millis(5502)).contains(rest)), "{rests:?}");
    assert!(rests.windows(2).any(|pair| pair[0] != pair[1]), "each rest has a chance of its own");
}

#[tokio::test(start_paused = true)]
async fn b36_a_member_that_failed_is_asked_again_at_its_own_time() {
    let (well, failed) = (Script::new([WELL]), Script::new([Fail]));
    let once = HealthSettings { probes: 1, ..HealthSettings::default() };
    let pace = Pace::default();
    let _members = [&well, &failed]
        .map(|script| Watched::by(&plan([script.check("ping")]).settings(once.clone()).pace(pace.clone())));
    sleep(millis(4000)).await;
    assert_eq!(well.asked(), 1);
    assert!(failed.asked() > 3, "{}", failed.asked());
}

#[tokio::test(start_paused = true)]
async fn b18_hung_members_do_not_delay_the_verdict_on_another() {
    let begun = Instant::now();
    let hung: Vec<_> = (0..3).map(|_| Watched::by(&plan([Script::new([Hang]).check("ping")]))).collect();
    let mut fourth = Watched::by(&plan([Script::new([Refuse]).check("ping")]));

    assert_eq!(fourth.changes().await, Verdict::Unhealthy);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(matches!(fourth.evidence(), Some(Evidence::Unreachable(_))));
    assert!(hung.iter().all(|member| member.verdict() == Verdict::Unknown));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_a_check_that_blocks_its_thread_does_not_delay_another_member() {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(Mutex::new(blocked));
    let blocking = service_fn(move |_: Probe| {
        let blocked = Arc::clone(&blocked);
        // A panic of the test drops `release`, and so ends the wait.
        async move { blocked.lock().unwrap().recv().map(|()| Health::Healthy) }
    });
    let stuck = Watched::by(&plan([Check::new("blocking", blocking)]));
    let mut other = Watched::by(&plan([Script::new([Refuse]).check("ping")]));

    let verdict = tokio::time::timeout(Duration::from_secs(20), other.changes()).await;
    assert_eq!(verdict.unwrap(), Verdict::Unhealthy);
    assert_eq!(stuck.verdict(), Verdict::Unknown);
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn b20_a_round_asks_no_more_often_than_its_policy_needs() {
    let first_fails = Script::new([Fail, WELL]);
    let mut member = Watched::by(&plan([first_fails.check("ping")]));
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert_eq!(first_fails.asked(), 1);

    let two_pass = Script::new([WELL]);
    let majority = HealthSettings { policy: Arc::new(HealthyMajority), ..steady() };
    let mut member = Watched::by(&plan([two_pass.check("ping")]).settings(majority));
    assert_eq!(member.changes().await, Verdict::Healthy);
    assert_eq!(two_pass.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn b20_a_hung_probe_is_one_failed_probe_and_does_not_defeat_healthy_any() {
    let script = Script::new([Hang, Hang, WELL]);
    let any = HealthSettings { policy: Arc::new(HealthyAny), ..steady() };
    let begun = Instant::now();
    let mut member = Watched::by(&plan([script.check("ping")]).settings(any));
    assert_eq!(member.changes().await, Verdict::Healthy);
    assert_eq!(script.asked(), 3);
    assert!(begun.elapsed() >= millis(3000));

    let hung = Script::new([Hang]);
    let begun = Instant::now();
    let mut member = Watched::by(&plan([hung.check("ping")]));
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert_eq!(member.evidence(), Some(Evidence::TimedOut));
    assert!(begun.elapsed() < millis(1050), "at the first one, with the default policy");
}

#[tokio::test(start_paused = true)]
async fn b19_the_timeout_covers_a_service_that_never_becomes_ready() {
    #[derive(Clone)]
    struct NeverReady;
    impl tower::Service<Probe> for NeverReady {
        type Response = Health;
        type Error = io::Error;
        type Future = std::future::Ready<io::Result<Health>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn call(&mut self, _: Probe) -> Self::Future {
            unreachable!("never ready")
        }
    }
    let mut member = Watched::by(&plan([Check::new("dialling", NeverReady)]));
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert_eq!(member.evidence(), Some(Evidence::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn b20_a_timed_out_probe_is_void_if_a_call_sent_after_it_began_was_answered() {
    let ping = Script::new([Hang, WELL]);
    let role = Script::new([Hang, WELL]);
    let clock = Clock::precise();
    let mut member = Watched::by(&plan([ping.check("ping"), role.check("role").without_suspicion()]));
    let traffic = member.availability.traffic();

    let sent_before = traffic.mark();
    sleep(millis(100)).await;
    traffic.answered(traffic.mark(), clock.now());
    assert!(traffic.mark() > sent_before);
    sleep(millis(1500)).await;
    assert_eq!(member.verdict(), Verdict::Unknown, "one round is not over");
    assert_eq!(traffic.round_trip(), Duration::from_micros(1), "a void probe took no time");
    // PING: alive. The role: not found out.
    assert_eq!(member.told(), []);
    sleep(millis(2000)).await;
    assert!(matches!(member.evidence(), Some(Evidence::Undetermined(_))));
    assert_eq!((ping.asked(), role.asked()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn b20_an_answer_to_a_call_sent_before_the_probe_voids_nothing() {
    let script = Script::new([WELL, WELL, WELL, Hang]);
    let clock = Clock::precise();
    let mut member = Watched::by(&plan([script.check("ping")]));
    assert_eq!(member.changes().await, Verdict::Healthy);
    let traffic = member.availability.traffic();
    let sent = traffic.mark();
    sleep(millis(5500)).await;
    assert_eq!(script.asked(), 4, "the fourth hangs");
    traffic.answered(sent, clock.now());
    assert_eq!(member.changes().await, Verdict::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn b21_all_checks_run_together_and_must_pass() {
    let slow = Script::new([WELL.after(millis(800))]);
    let quick = Script::new([WELL]);
    let begun = Instant::now();
    let mut member = Watched::by(&plan([slow.check("slow"), quick.check("quick")]));
    sleep(millis(1200)).await;
    assert_eq!(member.verdict(), Verdict::Unknown, "no verdict before all checks have one");
    assert_eq!(member.changes().await, Verdict::Healthy);
    assert!(begun.elapsed() < millis(3500), "side by side: {:?}", begun.elapsed());

    quick.now_follow([Fail]);
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert_eq!(member.evidence(), Some(Evidence::Answered("no".into())));
    quick.now_follow([WELL]);
    assert_eq!(member.changes().await, Verdict::Healthy);
}

#[tokio::test(start_paused = true)]
async fn b21_one_failed_check_is_enough_whatever_another_is_waiting_for() {
    let begun = Instant::now();
    let mut member =
        Watched::by(&plan([Script::new([Hang]).check("hung"), Script::new([Fail]).check("down")]));
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn b21_checks_can_be_switched_off_for_a_member() {
    let member = Watched::by(&plan([]));
    assert!(!member.availability.view().checked);
    assert!(member.availability.view().is_available());
}

#[tokio::test(start_paused = true)]
async fn b23_the_first_verdict_always_counts_also_when_it_is_bad() {
    let mut member = Watched::by(&plan([Script::new([Fail]).check("ping")]));
    assert_eq!(member.verdict(), Verdict::Unknown);
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert!(!member.availability.view().is_available());
}

#[tokio::test(start_paused = true)]
async fn b23_a_verdict_that_stays_the_same_is_no_event() {
    let mut member = Watched::by(&plan([Script::new([WELL]).check("ping")]));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(member.told().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn b24_a_panic_makes_its_member_unhealthy_and_nothing_else() {
    let script = Script::new([Panic, WELL]);
    let mut other = Watched::by(&plan([Script::new([WELL]).check("ping")]));
    // One passed probe would do; a panic is not a matter of counting.
    let any = HealthSettings { policy: Arc::new(HealthyAny), ..steady() };
    let mut member = Watched::by(&plan([script.check("mine")]).settings(any));

    sleep(millis(1)).await;
    assert_eq!(member.verdict(), Verdict::Unhealthy);
    assert_eq!(member.evidence(), Some(Evidence::Panicked));
    let told = member.told();
    assert!(
        matches!(&told[0], Event::Panicked { what } if &**what == "health check `mine` of eu-west"),
        "{told:?}"
    );
    assert_eq!(other.changes().await, Verdict::Healthy);
    // The loop goes on.
    assert_eq!(member.changes().await, Verdict::Healthy);
}

#[tokio::test(start_paused = true)]
async fn b24_an_error_makes_its_member_unhealthy_and_nothing_else() {
    let mut broken = Watched::by(&plan([Script::new([Fail]).check("own")]));
    let mut other = Watched::by(&plan([Script::new([WELL]).check("ping")]));
    assert_eq!(broken.changes().await, Verdict::Unhealthy);
    assert_eq!(broken.evidence(), Some(Evidence::Answered("no".into())));
    assert!(!broken.told().iter().any(|event| matches!(event, Event::Panicked { .. })));
    assert_eq!(other.changes().await, Verdict::Healthy);
}

#[tokio::test(start_paused = true)]
async fn b24_a_policy_that_panics_is_contained_too() {
    #[derive(Debug)]
    struct Broken;
    impl crate::health::Policy for Broken {
        fn decide(&self, _: u32, _: u32, _: u32) -> Option<bool> {
            panic!("scripted")
        }
    }
    let broken = HealthSettings { policy: Arc::new(Broken), ..steady() };
    let mut member = Watched::by(&plan([Script::new([WELL]).check("ping")]).settings(broken));
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    assert_eq!(member.evidence(), Some(Evidence::Panicked));
}

#[tokio::test(start_paused = true)]
async fn b27_unknown_and_not_preferred_evict_nothing() {
    let script = Script::new([Say(Health::Unknown("the API is down".into()))]);
    let member = Watched::by(&plan([script.check("lag")]));
    sleep(millis(1100)).await;
    assert_eq!(member.verdict(), Verdict::Unknown);
    assert_eq!(member.evidence(), Some(Evidence::Undetermined("the API is down".into())));
    assert!(member.availability.view().is_available());

    script.now_follow([Say(Health::NotPreferred("lags".into()))]);
    sleep(millis(7100)).await;
    assert_eq!(member.verdict(), Verdict::NotPreferred);
    assert!(member.availability.view().is_available());
}

#[tokio::test(start_paused = true)]
async fn b57_a_timeout_noticed_late_is_void_and_asked_again() {
    // Blocked for 2 s: by then the probe's second is long over, and the answer was there all the time.
    for stalled in [Hang.after_stall(millis(2000)), Refuse.after_stall(millis(2000))] {
        let script = Script::new([stalled, WELL]);
        let mut member = Watched::by(&plan([script.check("ping")]));
        assert_eq!(member.changes().await, Verdict::Healthy);
        assert_eq!(script.asked(), 4, "one of them was void");
    }
}

#[tokio::test(start_paused = true)]
async fn b57_an_answer_that_comes_late_for_our_stall_is_an_answer() {
    let script = Script::new([WELL.after_stall(millis(2000)), WELL]);
    let mut member = Watched::by(&plan([script.check("ping")]));
    assert_eq!(member.changes().await, Verdict::Healthy);
    assert_eq!(script.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn b57_only_a_probe_that_was_answered_well_or_with_bad_news_vouches_for_the_member() {
    let unknown = || Say(Health::Unknown("the API is down".into()));
    let lags = || Say(Health::NotPreferred("lags".into()));
    for (step, passes) in [(WELL, true), (lags(), true), (unknown(), false), (Fail, false), (Refuse, false)] {
        let script = Script::new([step.clone().after(millis(20))]);
        let member = Watched::by(&plan([script.check("ping")]));
        let traffic = member.availability.traffic();
        let sent = traffic.mark();
        sleep(millis(50)).await;
        assert_eq!(traffic.passed_since(sent), passes, "{step:?}");
        assert_eq!(traffic.round_trip().is_zero(), matches!(step, Fail | Refuse), "{step:?}");
    }
}

#[test]
fn b19_a_round_has_an_end_and_its_settings_have_limits() {
    assert_eq!(steady().longest_round(), Duration::from_secs(4));
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let name = "ping".into();
    let every = |interval| HealthSettings { interval, ..steady() }.validate(&name);
    assert_eq!(every(year), Ok(()));
    assert!(every(year + millis(1)).is_err());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_watch_ends_the_loop_and_its_probe() {
    let script = Script::new([Hang]);
    let member = Watched::by(&plan([script.check("ping")]));
    sleep(millis(10)).await;
    assert!(member.availability.view().checked);
    let waiting = member.availability.request_round();
    drop(member.watch);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(script.asked(), 1);
    assert!(!member.availability.view().checked);
    assert!(waiting.await.is_err(), "nobody is left waiting");
}
