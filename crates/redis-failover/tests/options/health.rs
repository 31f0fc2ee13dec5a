use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use redis_failover::{
    HealthCheck, HealthSettings, MultiDbClient, MultiDbConfig,
    health::{CheckDatabase, Prober},
};
use tokio::time::sleep;
use tower_failover::{
    Health, Probe, Verdict,
    availability::Evidence,
    health::{HealthyAny, Policy},
};

use crate::fake::{Fake, LONG, connected, pair, who};

fn verdict(client: &MultiDbClient, name: &str) -> Verdict {
    client.snapshot().unwrap().member(name).unwrap().view.verdict
}

/// Fails while it is told to, whatever the database says.
fn told(fails: &Arc<AtomicBool>) -> impl CheckDatabase {
    let fails = Arc::clone(fails);
    move |_: Prober, _: Probe| {
        let fails = fails.load(Ordering::Relaxed);
        async move {
            match fails {
                true => Health::Unhealthy(Evidence::Answered("told so".into())),
                false => Health::Healthy,
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b21_checks_of_ones_own_replace_the_default_for_all_databases() {
    let (eu, us) = pair();
    let fails = Arc::new(AtomicBool::new(false));
    let config = MultiDbConfig::new([eu.config(1.0), us.config(0.5)])
        .health_checks([HealthCheck::new("told", told(&fails))]);
    let client = connected(config).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!((eu.pings(), us.pings()), (0, 0));
    assert_eq!((verdict(&client, "eu"), verdict(&client, "us")), (Verdict::Healthy, Verdict::Healthy));

    fails.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(10)).await;
    assert_eq!((verdict(&client, "eu"), verdict(&client, "us")), (Verdict::Unhealthy, Verdict::Unhealthy));
}

#[tokio::test(start_paused = true)]
async fn b21_a_check_is_added_for_one_database_and_all_of_its_checks_must_pass() {
    let (eu, us) = pair();
    let fails = Arc::new(AtomicBool::new(true));
    let of_eu = eu.config(1.0).add_health_check(HealthCheck::new("told", told(&fails)));
    let mut client = connected(MultiDbConfig::new([of_eu, us.config(0.5)])).await;
    sleep(Duration::from_secs(60)).await;
    assert!(eu.pings() > 0 && us.pings() > 0);
    assert_eq!((verdict(&client, "eu"), verdict(&client, "us")), (Verdict::Unhealthy, Verdict::Healthy));
    assert_eq!(who(&mut client).await.unwrap(), "us");
}

#[tokio::test(start_paused = true)]
async fn b21_a_check_that_is_added_for_all_is_replaced_by_a_databases_own_list() {
    let (eu, us) = pair();
    let fails = Arc::new(AtomicBool::new(true));
    let of_us = us.config(0.5).health_checks([HealthCheck::ping()]);
    let config =
        MultiDbConfig::new([eu.config(1.0), of_us]).add_health_check(HealthCheck::new("told", told(&fails)));
    let client = connected(config).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!((verdict(&client, "eu"), verdict(&client, "us")), (Verdict::Unhealthy, Verdict::Healthy));
}

#[tokio::test(start_paused = true)]
async fn b21_checks_can_be_switched_off_for_one_database() {
    let (eu, us) = pair();
    let mut client = connected(MultiDbConfig::new([eu.config(1.0).health_checks([]), us.config(0.5)])).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(eu.pings(), 0);
    assert!(us.pings() > 0);
    assert!(!client.snapshot().unwrap().member("eu").unwrap().view.checked);
    assert_eq!(who(&mut client).await.unwrap(), "eu");
}

#[tokio::test(start_paused = true)]
async fn b18_the_role_check_is_an_option() {
    let (master, replica) = (Fake::new("master"), Fake::new("slave"));
    let config = MultiDbConfig::new([replica.config(1.0), master.config(0.5)]);
    let mut client = connected(config.add_health_check(HealthCheck::role())).await;
    assert_eq!(who(&mut client).await.unwrap(), "master");
    assert_eq!(verdict(&client, "slave"), Verdict::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn b20_the_policy_can_be_chosen_for_one_database() {
    /// Every other probe fails.
    fn flaky() -> HealthCheck {
        let asked = Arc::new(AtomicU64::new(0));
        HealthCheck::new("flaky", move |_: Prober, _: Probe| {
            let fails = asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
            async move {
                match fails {
                    true => Health::Unhealthy(Evidence::TimedOut),
                    false => Health::Healthy,
                }
            }
        })
    }
    let (eu, us) = pair();
    let of_eu = eu.config(1.0).health_checks([flaky()]).health_check_policy(HealthyAny);
    let of_us = us.config(0.5).health_checks([flaky()]);
    let client = connected(MultiDbConfig::new([of_eu, of_us])).await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!((verdict(&client, "eu"), verdict(&client, "us")), (Verdict::Healthy, Verdict::Unhealthy));
}

#[tokio::test(start_paused = true)]
async fn b20_a_policy_of_ones_own_decides() {
    #[derive(Debug)]
    struct Never;
    impl Policy for Never {
        fn decide(&self, _: u32, _: u32, _: u32) -> Option<bool> {
            Some(false)
        }
    }
    let (eu, us) = pair();
    let config = MultiDbConfig::new([eu.config(1.0), us.config(0.5)]).health_check_policy(Never);
    let client = MultiDbClient::new(config).unwrap();
    client.connect(Duration::from_secs(30)).await.unwrap_err();
    assert_eq!(verdict(&client, "eu"), Verdict::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn b19_a_check_may_have_settings_of_its_own() {
    let asked = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&asked);
    let rare = HealthCheck::new("rare", move |_: Prober, _: Probe| {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Health::Healthy }
    });
    let rare = rare.settings(HealthSettings { interval: LONG, probes: 2, ..HealthSettings::default() });
    let eu = Fake::new("eu");
    let _client = connected(MultiDbConfig::new([eu.config(1.0)]).add_health_check(rare)).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 2, "one round of two probes");
    assert!(eu.pings() >= 3 * 8, "{} pings", eu.pings());
}

#[tokio::test(start_paused = true)]
async fn b19_a_database_may_be_asked_more_often_than_the_others() {
    let (eu, us) = pair();
    let of_eu = eu.config(1.0).health_check_interval(Duration::from_secs(1)).health_check_probes(1);
    let _client = connected(MultiDbConfig::new([of_eu, us.config(0.5)]).health_check_jitter(0.0)).await;
    sleep(Duration::from_secs(60)).await;
    assert!((58..=62).contains(&eu.pings()), "{} pings in 60 s", eu.pings());
    // A round takes a second, and the next begins five seconds later.
    assert!((28..=33).contains(&us.pings()), "{} pings in 60 s", us.pings());
}

#[tokio::test(start_paused = true)]
async fn b24_a_check_that_panics_makes_its_database_unhealthy_and_nothing_else() {
    let (eu, us) = pair();
    let panics = HealthCheck::new("panics", |_: Prober, _: Probe| async { panic!("on purpose") });
    let config = MultiDbConfig::new([eu.config(1.0).add_health_check(panics), us.config(0.5)]);
    let mut client = connected(config).await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!((verdict(&client, "eu"), verdict(&client, "us")), (Verdict::Unhealthy, Verdict::Healthy));
    assert_eq!(who(&mut client).await.unwrap(), "us");
}
