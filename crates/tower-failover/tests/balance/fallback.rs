//! Back to the heaviest, by timer: B37, B39, B41.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep};
use tower_failover::{Chance, Event, FailoverConfig, Health, SwitchReason, Verdict};

use super::stage::{GRACE, Stage, active, ask, pass, settled};

const INTERVAL: Duration = Duration::from_secs(120);

/// Longer than three probes, half a second apart.
const FIRST_ROUND: Duration = Duration::from_millis(1500);

/// Every two minutes sharp.
fn config(stage: &Stage) -> FailoverConfig {
    let mut config = stage.config();
    config.auto_fallback_interval = Some(INTERVAL);
    config.fallback_jitter = 0.0;
    config.wait_for_first_verdict = FIRST_ROUND;
    config
}

#[tokio::test(start_paused = true)]
async fn b37_the_heaviest_returns_at_the_interval_without_traffic() {
    let mut stage = Stage::new();
    let checks = [stage.light.watched(), stage.middle.watched(), stage.heavy.watched()];
    let balance = stage.balance(config(&stage));
    pass(Duration::from_secs(3)).await;
    assert_eq!(ask(&balance).await, Ok("heavy"));
    checks[2].is_cut();
    pass(Duration::from_secs(7)).await;
    assert_eq!(ask(&balance).await, Ok("middle"));
    checks[2].says(Health::Healthy);
    pass(GRACE + Duration::from_secs(30)).await;
    assert!(stage.heavy.availability().view().is_available());
    assert_eq!(ask(&balance).await, Ok("middle"), "it is not yet time");
    pass(Duration::from_secs(25)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
    assert_eq!(stage.switches().last(), Some(&("heavy".into(), SwitchReason::Fallback)));
}

#[tokio::test(start_paused = true)]
async fn b37_a_round_of_checks_must_pass_at_the_moment_of_the_fallback() {
    let mut stage = Stage::new();
    let checks = [stage.middle.watched(), stage.heavy.watched()];
    let balance = stage.balance(config(&stage));
    pass(Duration::from_secs(3)).await;
    balance.handle().drain("heavy", Some(Duration::from_secs(60))).await.expect("a known member");
    assert_eq!(active(&balance).as_deref(), Some("middle"));
    // Just before the tick; the schedule has not noticed yet, or its round has just failed.
    sleep(Duration::from_millis(116_950)).await;
    assert!(stage.heavy.availability().view().is_available());
    let asked = checks[1].probes();
    checks[1].is_cut();
    // A scheduled round may be under way, and is then the one that is asked for: its probes are half a second apart.
    pass(Duration::from_millis(700)).await;
    assert!(checks[1].probes() > asked);
    assert_eq!(active(&balance).as_deref(), Some("middle"));
    let told = stage.all_told();
    let switches = told.iter().filter(|event| matches!(event, Event::ActiveChanged { .. }));
    assert_eq!(switches.count(), 2, "the first choice and the drain, and no way there and back");
    let is_heavy_failing = |event: &Event| matches!(event, Event::VerdictChanged { member, to: Verdict::Unhealthy, .. } if &**member == "heavy");
    assert!(told.iter().any(is_heavy_failing), "why is told: {told:?}");
    checks[1].says(Health::Healthy);
    pass(INTERVAL + Duration::from_secs(5)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"), "the next one succeeds");
}

#[tokio::test(start_paused = true)]
async fn b37_no_fallback_to_a_member_nobody_knows_anything_of() {
    let stage = Stage::new();
    let checks = [stage.middle.watched(), stage.heavy.watched()];
    let balance = stage.balance(config(&stage));
    pass(Duration::from_secs(3)).await;
    balance.handle().drain("heavy", Some(Duration::from_secs(10))).await.expect("a known member");
    checks[1].says(Health::Unknown("the admin interface is down".into()));
    pass(INTERVAL * 4).await;
    assert!(stage.heavy.availability().view().is_available());
    assert_eq!(active(&balance).as_deref(), Some("middle"));
    checks[1].says(Health::Healthy);
    pass(INTERVAL + Duration::from_secs(5)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
}

#[tokio::test(start_paused = true)]
async fn b37_who_would_not_be_taken_is_not_asked() {
    for by_hand in [true, false] {
        let stage = Stage::new();
        let checks = [stage.middle.watched(), stage.heavy.watched()];
        if !by_hand {
            checks[1].says(Health::NotPreferred("lags".into()));
        }
        let balance = stage.balance(config(&stage));
        pass(Duration::from_secs(3)).await;
        if by_hand {
            balance.handle().set_active("middle", None).await.expect("nothing speaks against it");
        }
        assert_eq!(active(&balance).as_deref(), Some("middle"));
        // Not within a scheduled round.
        sleep(Duration::from_millis(if by_hand { 115_950 } else { 116_950 })).await;
        let asked = checks[1].probes();
        pass(Duration::from_millis(100)).await;
        assert_eq!(checks[1].probes(), asked, "by hand: {by_hand}");
    }
}

#[tokio::test(start_paused = true)]
async fn b27_an_unknown_verdict_evicts_nothing_at_a_fallback_either() {
    let mut stage = Stage::new();
    let checks = [stage.middle.watched(), stage.heavy.watched()];
    let balance = stage.balance(config(&stage));
    pass(Duration::from_secs(3)).await;
    checks[1].says(Health::Unknown("the admin interface is down".into()));
    pass(INTERVAL * 4).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
    assert_eq!(stage.switches().len(), 1);
}

/// When the heaviest is taken again, after the start, with the jitter of this seed.
async fn returns_after(seed: u64) -> Duration {
    let mut stage = Stage::new();
    let mut config = stage.config();
    config.auto_fallback_interval = Some(INTERVAL);
    config.chance = Chance::seeded(seed);
    let balance = stage.balance(config);
    let begun = Instant::now();
    settled().await;
    balance.handle().drain("heavy", Some(Duration::from_secs(1))).await.expect("a known member");
    assert_eq!(active(&balance).as_deref(), Some("middle"));
    while active(&balance).as_deref() != Some("heavy") {
        stage.seen.next().await;
    }
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn b37_the_interval_varies_by_a_fifth() {
    let mut intervals = Vec::new();
    for seed in 0..64 {
        intervals.push(returns_after(seed).await);
    }
    let margin = Duration::from_millis(10);
    let shortest = *intervals.iter().min().expect("intervals");
    let longest = *intervals.iter().max().expect("intervals");
    assert!(shortest >= INTERVAL.mul_f64(0.8) - margin, "{shortest:?}");
    assert!(longest <= INTERVAL.mul_f64(1.2) + margin, "{longest:?}");
    assert!(shortest < INTERVAL.mul_f64(0.9) && longest > INTERVAL.mul_f64(1.1), "{shortest:?}, {longest:?}");
}

#[tokio::test(start_paused = true)]
async fn b37_none_disables_the_fallback() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    balance.handle().drain("heavy", Some(Duration::from_secs(1))).await.expect("a known member");
    pass(Duration::from_secs(24 * 3600)).await;
    assert_eq!(active(&balance).as_deref(), Some("middle"));
}

#[tokio::test(start_paused = true)]
async fn b39_a_member_that_flaps_is_kept_away_twice_as_long() {
    let stage = Stage::new();
    let check = stage.heavy.watched();
    let balance = stage.balance(config(&stage));
    pass(Duration::from_secs(3)).await;
    for graces in [1, 2] {
        assert_eq!(active(&balance).as_deref(), Some("heavy"));
        check.is_cut();
        pass(Duration::from_secs(7)).await;
        assert_eq!(active(&balance).as_deref(), Some("middle"));
        check.says(Health::Healthy);
        // Within a second or five it is found healthy again, and one more round lets it in.
        pass(GRACE * graces - Duration::from_secs(2)).await;
        assert!(!stage.heavy.availability().view().is_available(), "grace {graces} is not over");
        pass(Duration::from_secs(15)).await;
        assert!(stage.heavy.availability().view().is_available(), "grace {graces} is over");
        pass(INTERVAL).await;
    }
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
}

#[tokio::test(start_paused = true)]
async fn b41_the_start_waits_for_the_heaviests_first_verdict_but_not_for_ever() {
    let stage = Stage::new();
    let _checks = [stage.light.watched(), stage.middle.watched()];
    // Its checks never answer.
    let hangs = tower::service_fn(|_: tower_failover::Probe| {
        std::future::pending::<Result<Health, std::io::Error>>()
    });
    let plan = tower_failover::HealthPlan::new([tower_failover::Check::new("hangs", hangs)]);
    let _watch = plan.watch(stage.heavy.availability()).expect("a valid plan");
    let mut config = stage.config();
    config.wait_for_first_verdict = FIRST_ROUND;
    let balance = stage.balance(config);
    sleep(Duration::from_millis(700)).await;
    assert_eq!(active(&balance), None);
    assert!(matches!(ask(&balance).await, Ok("middle")), "a call waits for the first choice");
}
