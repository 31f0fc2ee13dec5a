//! The retry budget: how many repeats the same member has to bear (B34).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

use crate::clock::as_millis;

/// The budget of all clones: a few calls together cost one atomic addition, only a repeat reads the clock. It has a
/// cache line of its own, apart from what every call reads.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Budget {
    calls: AtomicU64,
    origin: Instant,
    ledger: Mutex<Ledger>,
}

impl Budget {
    pub(super) fn new(share: f64, floor: u32) -> Self {
        Self {
            calls: AtomicU64::new(0),
            origin: Instant::now(),
            ledger: Mutex::new(Ledger::new(share, floor)),
        }
    }

    fn deposit(&self, calls: u32) {
        self.calls.fetch_add(calls.into(), Ordering::Relaxed);
    }

    /// Asks for one repeat. Whether it is granted.
    #[cold]
    pub(super) fn withdraw(&self) -> bool {
        let calls = self.calls.load(Ordering::Relaxed);
        // The ledger's sums are whole at every step.
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.withdraw(calls, self.origin.elapsed())
    }
}

/// Calls of one clone that the budget was not told of yet: at the usual share, so few are not worth one repeat. The
/// clone's end tells of them.
#[derive(Debug, Default)]
pub(super) struct Calls(u32);

impl Calls {
    const TOGETHER: u32 = 5;

    #[inline]
    pub(super) fn count(&mut self, budget: &Budget) {
        self.0 += 1;
        if self.0 == Self::TOGETHER {
            self.tell(budget);
        }
    }

    pub(super) fn tell(&mut self, budget: &Budget) {
        let calls = std::mem::take(&mut self.0);
        if calls > 0 {
            budget.deposit(calls);
        }
    }
}

/// The pure part: calls and repeats of the recent past, both halved with every second.
///
/// Only repeats bring it up to date. Calls of a longer time in between are spread evenly over it, so that a quiet
/// hour does not pay for a burst.
#[derive(Debug)]
struct Ledger {
    share: f64,
    floor: u32,
    second: u64,
    calls: f64,
    calls_seen: u64,
    repeats: f64,
}

impl Ledger {
    fn new(share: f64, floor: u32) -> Self {
        Self { share, floor, second: 0, calls: 0.0, calls_seen: 0, repeats: 0.0 }
    }

    /// Asks for one repeat. `calls_seen` counts all calls there were, `now` is the time since the beginning.
    fn withdraw(&mut self, calls_seen: u64, now: Duration) -> bool {
        self.catch_up(calls_seen, now);
        // What is halved every second sums up to twice the flow of a second.
        let floor = 2.0 * f64::from(self.floor);
        let is_granted = self.repeats + 1.0 <= floor.max(self.share * self.calls);
        if is_granted {
            self.repeats += 1.0;
        }
        is_granted
    }

    fn catch_up(&mut self, calls_seen: u64, now: Duration) {
        self.calls += calls_seen.saturating_sub(self.calls_seen) as f64;
        self.calls_seen = self.calls_seen.max(calls_seen);
        let second = as_millis(now) / 1000;
        let passed = second.saturating_sub(self.second) as f64;
        self.second = self.second.max(second);
        // A steady flow leaves what one second brings; for one second passed, that is the half.
        self.calls /= passed + 1.0;
        self.repeats *= 0.5_f64.powf(passed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn granted(ledger: &mut Ledger, calls: u64, now: Duration, wanted: usize) -> usize {
        (0..wanted).filter(|_| ledger.withdraw(calls, now)).count()
    }

    /// Every second has so many calls, and each fails and asks for a repeat.
    fn run(calls_a_second: u64, seconds: u64) -> usize {
        let mut ledger = Ledger::new(0.2, 10);
        let mut sum = 0;
        for call in 1..=calls_a_second * seconds {
            let now = Duration::from_millis(call * 1000 / calls_a_second);
            sum += granted(&mut ledger, call, now, 1);
        }
        sum
    }

    #[test]
    fn b34_a_clone_tells_of_its_calls_five_at_a_time_and_of_the_rest_at_its_end() {
        let budget = Budget::new(0.2, 10);
        let told = || budget.calls.load(Ordering::Relaxed);
        let mut calls = Calls::default();
        for sum in [0, 0, 0, 0, 5, 5, 5] {
            calls.count(&budget);
            assert_eq!(told(), sum);
        }
        calls.tell(&budget);
        assert_eq!(told(), 7);
        calls.tell(&budget);
        assert_eq!(told(), 7);
    }

    #[test]
    fn b34_repeats_are_a_fifth_of_the_calls() {
        assert!((19_500..=20_000).contains(&run(1000, 100)), "{}", run(1000, 100));
    }

    #[test]
    fn b34_ten_a_second_are_always_allowed() {
        assert_eq!(run(10, 100), 1000);
        let eager = run(40, 100);
        assert!((1000..=1020).contains(&eager), "{eager}");
    }

    #[test]
    fn b34_a_quiet_hour_pays_for_no_burst() {
        let mut ledger = Ledger::new(0.2, 10);
        // 100 calls a second for an hour, all well; then everything fails.
        let burst = granted(&mut ledger, 360_000, Duration::from_secs(3600), 1000);
        assert_eq!(burst, 20);
        // 10,000 calls a second are worth 2000 repeats.
        let mut ledger = Ledger::new(0.2, 10);
        let burst = granted(&mut ledger, 36_000_000, Duration::from_secs(3600), 10_000);
        assert!((1990..=2000).contains(&burst), "{burst}");
    }

    /// Pauses, calls and asked repeats, one after the other.
    fn traffic() -> impl Strategy<Value = Vec<(u64, u64, usize)>> {
        prop::collection::vec((0_u64..3_000, 0_u64..2_000, 0_usize..300), 1..60)
    }

    proptest! {
        #[test]
        fn b34_no_traffic_gets_more_repeats_than_its_share_and_the_floor(
            traffic in traffic(),
            share in 0.0_f64..1.0,
            floor in 0_u32..50,
        ) {
            let mut ledger = Ledger::new(share, floor);
            let (mut now, mut calls, mut repeats) = (0, 0, 0);
            for (pause, more, wanted) in traffic {
                now += pause;
                calls += more;
                repeats += granted(&mut ledger, calls, Duration::from_millis(now), wanted);
                // What is halved every second, and may be used up in any one of them.
                let seconds = now / 1000;
                let most = f64::from(floor) * (seconds + 2) as f64 + 2.0 * share * calls as f64;
                prop_assert!(repeats as f64 <= most, "{} of {} in {} s", repeats, most, seconds);
            }
        }

        #[test]
        fn b34_as_many_as_the_floor_are_granted_every_second(
            floor in 1_u32..50,
            share in 0.0_f64..1.0,
            pauses in prop::collection::vec(1_u64..5, 1..60),
        ) {
            let mut ledger = Ledger::new(share, floor);
            let mut second = 0;
            for pause in pauses {
                second += pause;
                let wanted = usize::try_from(floor).expect("a small number");
                prop_assert_eq!(granted(&mut ledger, 0, Duration::from_secs(second), wanted), wanted);
            }
        }
    }
}
