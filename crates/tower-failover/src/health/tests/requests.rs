//! Rounds before the interval has passed: after a failure, and for those who wait for one.

use std::sync::Arc;

use super::*;
use crate::availability::{CircuitStatus, Epoch, Machine, Signal};
use crate::health::HealthyMajority;

#[tokio::test(start_paused = true)]
async fn b36_a_failed_check_is_asked_again_at_the_pace_of_its_backoff() {
    let script = Script::new([Refuse]);
    let mut member = Watched::by(&plan([script.check("ping")]));
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    sleep(Duration::from_secs(60)).await;

    let at = script.asked_at();
    for (repeat, pair) in at.windows(2).enumerate() {
        let limit = millis(100 << repeat.min(6)).min(millis(5000)) + millis(2);
        assert!(pair[1] - pair[0] <= limit, "wait {repeat} was {:?}", pair[1] - pair[0]);
    }
    assert!((15..60).contains(&at.len()), "{} dials in a minute", at.len());

    script.now_follow([WELL]);
    assert_eq!(member.changes().await, Verdict::Healthy);
    script.now_follow([Refuse, Hang]);
    let asked = script.asked();
    assert_eq!(member.changes().await, Verdict::Unhealthy);
    let failed_at = Instant::now();
    sleep(millis(110)).await;
    let again = script.asked_at()[asked + 1];
    assert!(again - failed_at <= millis(102), "it starts from the beginning at each failure");
}

#[tokio::test(start_paused = true)]
async fn b37_a_requested_round_runs_all_checks_now() {
    let ping = Script::new([WELL]);
    let lag = Script::new([WELL]);
    let rarely = HealthSettings { interval: Duration::from_secs(30), probes: 1, ..steady() };
    let mut member = Watched::by(&plan([ping.check("ping"), lag.check("lag").settings(rarely)]));
    assert_eq!(member.changes().await, Verdict::Healthy);

    let asked_at = Instant::now();
    lag.now_follow([Say(Health::NotPreferred("lags".into()))]);
    let finding = member.availability.request_round().await.unwrap();
    assert_eq!(finding.verdict, Verdict::NotPreferred);
    assert!(asked_at.elapsed() < millis(1100));
    assert_eq!((ping.asked(), lag.asked()), (6, 2));
    assert_eq!(ping.causes()[3], ProbeCause::Requested);

    ping.now_follow([Fail]);
    let asked_at = Instant::now();
    let finding = member.availability.request_round().await.unwrap();
    assert_eq!(finding.verdict, Verdict::Unhealthy);
    assert_eq!(asked_at.elapsed(), Duration::ZERO, "a failure is told at once");
}

#[tokio::test(start_paused = true)]
async fn b37_who_asks_for_a_round_that_is_on_its_way_gets_its_answer() {
    let quick = Script::new([WELL]);
    let slow = Script::new([WELL.after(millis(500))]);
    let once = HealthSettings { probes: 1, ..steady() };
    let mut member = Watched::by(&plan([quick.check("quick"), slow.check("slow")]).settings(once));
    assert_eq!(member.changes().await, Verdict::Healthy);

    let first = member.availability.request_round();
    sleep(millis(250)).await;
    let second = member.availability.request_round();
    assert_eq!(first.await.unwrap().verdict, Verdict::Healthy);
    assert_eq!(second.await.unwrap().verdict, Verdict::Healthy);
    assert_eq!((quick.asked(), slow.asked()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn b40_a_round_that_was_asked_for_is_no_longer_to_come() {
    let slow = Script::new([WELL.after(millis(500))]);
    let once = HealthSettings { probes: 1, ..steady() };
    let mut member = Watched::by(&plan([slow.check("slow")]).settings(once));
    assert_eq!(member.availability.next_probe_at(), None, "before the first has ended");
    assert_eq!(member.changes().await, Verdict::Healthy);
    assert!(member.availability.next_probe_at() > Some(Instant::now()));

    let asked_at = Instant::now();
    let round = member.availability.request_round();
    sleep(millis(250)).await;
    assert_eq!(member.availability.next_probe_at(), Some(asked_at), "it runs");
    assert_eq!(round.await.unwrap().verdict, Verdict::Healthy);
    assert!(member.availability.next_probe_at() > Some(Instant::now()));
}

/// A circuit that notes what it is told, and wants a round once it was forced.
struct Recorder {
    status: CircuitStatus,
    told: Arc<Mutex<Vec<Signal>>>,
}

impl Machine for Recorder {
    fn apply(&mut self, signal: &Signal, _: bool, _: Instant) {
        self.status.wants_round |= matches!(signal, Signal::Force { .. });
        self.told.lock().unwrap().push(signal.clone());
    }

    fn try_trial(&mut self, _: Instant) -> Option<Epoch> {
        None
    }

    fn status(&self) -> &CircuitStatus {
        &self.status
    }
}

fn recorded(member: &Watched) -> Arc<Mutex<Vec<Signal>>> {
    let told = Arc::default();
    let status = CircuitStatus::closed(Instant::now());
    member.availability.guard(Recorder { status, told: Arc::clone(&told) });
    told
}

#[tokio::test(start_paused = true)]
async fn b9_a_failed_probe_in_a_round_that_may_still_pass_is_told_to_the_circuit() {
    let majority = HealthSettings { policy: Arc::new(HealthyMajority), ..steady() };
    let script = Script::new([WELL, Fail, WELL]);
    let mut member = Watched::by(&plan([script.check("ping")]).settings(majority));
    let told = recorded(&member);
    assert_eq!(member.changes().await, Verdict::Healthy);
    let told = told.lock().unwrap();
    assert!(matches!(told[..], [Signal::ProbeFailed, Signal::Verdict(_)]), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn b9_a_circuit_that_wants_a_round_gets_one_at_once_and_only_one() {
    let script = Script::new([WELL]);
    let mut member = Watched::by(&plan([script.check("ping")]));
    let _told = recorded(&member);
    assert_eq!(member.changes().await, Verdict::Healthy);
    member.availability.signal(Signal::Force { until: None, drill: false });
    sleep(millis(1010)).await;
    assert_eq!(script.asked(), 6);
    assert_eq!(script.causes()[3], ProbeCause::Requested);
    // It is not content, and the next round comes by schedule all the same.
    sleep(millis(4500)).await;
    assert_eq!(script.asked(), 6);
}
