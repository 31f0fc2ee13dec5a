//! What other clients with failover are accepted by, with their figures where ours mean the same; which of theirs is
//! which of ours is said in docs/peers-acceptance.md.

use std::time::Duration;

use redis_failover::{Backoff, Error, InitialHealthCheckPolicy, MultiDbClient, MultiDbConfig, Suspicion};
use tokio::time::{Instant, sleep, timeout};
use tower_failover::Weight;
use tower_failover::availability::CircuitState;

use crate::fake::{Fake, LONG, connected, who};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const NO_WAIT: Backoff = Backoff::new(Duration::ZERO, Duration::ZERO);

/// Probes that come soon: three, 10 ms apart, every 50 ms.
fn brisk(config: MultiDbConfig) -> MultiDbConfig {
    config.health_check_interval(millis(50)).health_check_delay(millis(10)).health_check_jitter(0.0)
}

fn three(weights: [f64; 3]) -> ([Fake; 3], MultiDbConfig) {
    let fakes = ["one", "two", "three"].map(Fake::new);
    let config = MultiDbConfig::new([
        fakes[0].config(weights[0]),
        fakes[1].config(weights[1]),
        fakes[2].config(weights[2]),
    ]);
    (fakes, config)
}

fn active(client: &MultiDbClient) -> Option<String> {
    Some(client.snapshot()?.active?.to_string())
}

async fn becomes_active(client: &MultiDbClient, name: &str) {
    let waiting = async {
        while active(client).as_deref() != Some(name) {
            sleep(millis(1)).await;
        }
    };
    timeout(LONG, waiting).await.unwrap();
}

fn circuit(client: &MultiDbClient, name: &str) -> CircuitState {
    client.snapshot().unwrap().member(name).unwrap().view.circuit.state
}

/// How often the active database has changed, the first choice aside.
fn switches(client: &MultiDbClient) -> usize {
    client.snapshot().unwrap().switches.iter().filter(|switch| switch.from.is_some()).count()
}

fn all_go_down(fakes: &[Fake]) {
    fakes.iter().for_each(|fake| fake.set_up(false));
}

/// What a command is told: `Ok` with the database that answers it.
async fn told(client: &mut MultiDbClient) -> Result<String, &'static str> {
    who(client).await.map_err(|error| match Error::of(&error) {
        Some(Error::TemporarilyUnavailable(_)) => "temporarily",
        Some(Error::NoValidDatabase(_)) => "no valid database",
        _ => "of the connection",
    })
}

#[tokio::test(start_paused = true)]
async fn b41_with_a_majority_the_start_passes_over_an_unhealthy_heaviest() {
    let (fakes, config) = three([0.2, 0.5, 0.7]);
    fakes[2].set_up(false);
    let policy = InitialHealthCheckPolicy::MajorityAvailable;
    let mut client = connected(config.initial_health_check_policy(policy)).await;
    assert_eq!(who(&mut client).await.unwrap(), "two");
    assert_eq!(circuit(&client, "three"), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn b41_a_majority_is_more_than_half() {
    let policies = [
        InitialHealthCheckPolicy::OneAvailable,
        InitialHealthCheckPolicy::MajorityAvailable,
        InitialHealthCheckPolicy::AllAvailable,
    ];
    for (up, all, met) in [
        (3, 3, [true, true, true]),
        (2, 3, [true, true, false]),
        (1, 3, [true, false, false]),
        (2, 2, [true, true, true]),
        (1, 2, [true, false, false]),
        (2, 4, [true, false, false]),
        (0, 2, [false, false, false]),
    ] {
        for (policy, met) in policies.into_iter().zip(met) {
            let names = ["one", "two", "three", "four"];
            let fakes: Vec<_> = names[..all].iter().map(|name| Fake::new(name)).collect();
            fakes[up..].iter().for_each(|fake| fake.set_up(false));
            let config = MultiDbConfig::new(fakes.iter().map(|fake| fake.config(1.0)));
            let client = MultiDbClient::new(config.initial_health_check_policy(policy)).unwrap();
            let connected = client.connect(Duration::from_secs(30)).await;
            assert_eq!(connected.is_ok(), met, "{policy:?}, {up} of {all}: {connected:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b1_a_failover_goes_by_the_weights_of_that_moment() {
    let (fakes, config) = three([1.0, 0.5, 0.2]);
    let mut client = connected(brisk(config)).await;
    assert_eq!(who(&mut client).await.unwrap(), "one");
    let handle = client.handle().unwrap();
    handle.set_weight("three", Weight::new(0.8).unwrap()).await.unwrap();
    assert_eq!(who(&mut client).await.unwrap(), "one", "it is not the heaviest");
    fakes[0].set_up(false);
    assert_eq!(who(&mut client).await.unwrap(), "three");
}

#[tokio::test(start_paused = true)]
async fn b37_a_fallback_goes_by_the_weights_of_that_moment() {
    let (fakes, config) = three([1.0, 0.5, 0.2]);
    let config = brisk(config).auto_fallback_interval(Some(millis(100))).grace_period(millis(100));
    let client = connected(config).await;
    fakes[0].set_up(false);
    fakes[1].set_up(false);
    becomes_active(&client, "three").await;
    let handle = client.handle().unwrap();
    handle.set_weight("two", Weight::new(2.0).unwrap()).await.unwrap();
    fakes[0].set_up(true);
    fakes[1].set_up(true);
    becomes_active(&client, "two").await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(active(&client).as_deref(), Some("two"));
}

#[tokio::test(start_paused = true)]
async fn b15_one_command_whose_attempts_fail_may_open_the_circuit() {
    let (eu, us) = (Fake::new("eu"), Fake::new("us"));
    let config = MultiDbConfig::new([eu.config(1.0), us.config(0.5)])
        .command_retry(3, Backoff::new(millis(10), millis(10)))
        .min_num_failures(2)
        .failure_rate_threshold(0.5)
        .failures_detection_window(Duration::from_secs(3))
        .health_checks([]);
    let mut client = connected(config).await;
    eu.set_up(false);
    assert_eq!(
        who(&mut client).await.unwrap(),
        "us",
        "it is looked at after each attempt, and not after the last"
    );
    assert_eq!((eu.commands(), us.commands()), (2, 1));
    assert_eq!(circuit(&client, "eu"), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn b15_two_commands_of_three_attempts_each_are_six_failures() {
    let (eu, us) = (Fake::new("eu"), Fake::new("us"));
    let config = MultiDbConfig::new([eu.config(1.0), us.config(0.5)])
        .command_retry(2, Backoff::new(millis(10), millis(10)))
        .min_num_failures(6)
        .failure_rate_threshold(0.5)
        .health_checks([]);
    let mut client = connected(config).await;
    eu.set_up(false);
    who(&mut client).await.unwrap_err();
    assert_eq!(circuit(&client, "eu"), CircuitState::Closed);
    who(&mut client).await.unwrap_err();
    assert_eq!((eu.commands(), circuit(&client, "eu")), (6, CircuitState::Open));
    assert_eq!(who(&mut client).await.unwrap(), "us");
}

#[tokio::test(start_paused = true)]
async fn b28_three_attempts_a_tenth_of_a_second_apart() {
    for (pace, expected) in
        [(110, ["temporarily", "temporarily", "temporarily", "no valid database"]), (0, ["temporarily"; 4])]
    {
        let (fakes, config) = three([1.0, 0.5, 0.2]);
        let mut client = connected(brisk(config).failover_attempts(3).failover_delay(millis(100))).await;
        all_go_down(&fakes);
        while active(&client).is_some() {
            sleep(millis(1)).await;
        }
        for expected in expected {
            assert_eq!(told(&mut client).await, Err(expected), "every {pace} ms");
            sleep(millis(pace)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b28_fifty_quick_calls_are_one_attempt() {
    let (fakes, config) = three([1.0, 0.5, 0.2]);
    let config = brisk(config).failover_attempts(2).failover_delay(Duration::from_secs(5));
    let mut client = connected(config).await;
    all_go_down(&fakes);
    while active(&client).is_some() {
        sleep(millis(1)).await;
    }
    for _ in 0..50 {
        let error = who(&mut client).await.unwrap_err();
        let Some(Error::TemporarilyUnavailable(outage)) = Error::of(&error) else { panic!("{error:?}") };
        assert_eq!(outage.attempt, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn b28_first_the_connections_fail_then_all_for_a_while_then_for_good_and_then_it_works_again() {
    let (fakes, config) = three([1.0, 0.5, 0.3]);
    let config = brisk(config)
        .failover_attempts(2)
        .failover_delay(millis(100))
        .command_retry(0, NO_WAIT)
        .grace_period(Duration::from_secs(30));
    let mut client = connected(config).await;
    assert_eq!(told(&mut client).await.as_deref(), Ok("one"));
    all_go_down(&fakes);
    let mut seen = vec![];
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        let error = told(&mut client).await.unwrap_err();
        if seen.last() != Some(&error) {
            seen.push(error);
        }
        sleep(millis(10)).await;
    }
    assert_eq!(seen, ["of the connection", "temporarily", "no valid database"]);
    fakes[1].set_up(true);
    becomes_active(&client, "two").await;
    assert_eq!(told(&mut client).await.as_deref(), Ok("two"));
}

#[tokio::test(start_paused = true)]
async fn b1_one_after_the_other_dies_and_the_next_serves() {
    let (fakes, config) = three([1.0, 0.5, 0.2]);
    let client = connected(brisk(config)).await;
    becomes_active(&client, "one").await;
    fakes[0].set_up(false);
    becomes_active(&client, "two").await;
    fakes[1].set_up(false);
    becomes_active(&client, "three").await;
    assert_eq!(switches(&client), 2);
}

#[tokio::test(start_paused = true)]
async fn b1_who_does_not_serve_may_come_and_go_without_a_switch() {
    let (fakes, config) = three([1.0, 0.5, 0.2]);
    let mut client = connected(brisk(config)).await;
    for _ in 0..20 {
        for fake in &fakes[1..] {
            fake.set_up(false);
            sleep(millis(200)).await;
            fake.set_up(true);
            sleep(millis(70)).await;
        }
    }
    assert_eq!(switches(&client), 0);
    assert_eq!(who(&mut client).await.unwrap(), "one");
}

#[tokio::test(start_paused = true)]
async fn b37_the_heaviest_is_left_and_returned_to_unless_that_is_switched_off() {
    for interval in [Some(millis(100)), None] {
        let (fakes, config) = three([0.2, 0.7, 0.5]);
        let config = brisk(config).auto_fallback_interval(interval).grace_period(millis(100));
        let client = connected(config).await;
        becomes_active(&client, "two").await;
        fakes[1].set_up(false);
        becomes_active(&client, "three").await;
        fakes[1].set_up(true);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(active(&client).as_deref(), Some(if interval.is_some() { "two" } else { "three" }));
    }
}

#[tokio::test(start_paused = true)]
async fn b9_within_its_grace_the_heaviest_stays_away_however_well_it_is() {
    let (fakes, config) = three([1.0, 0.5, 0.2]);
    let config = brisk(config)
        .auto_fallback_interval(Some(millis(500)))
        .fallback_jitter(0.0)
        .grace_period(millis(3000));
    let client = connected(config).await;
    fakes[0].set_up(false);
    becomes_active(&client, "two").await;
    fakes[0].set_up(true);
    sleep(millis(1500)).await;
    assert_eq!(active(&client).as_deref(), Some("two"));
    sleep(millis(1300)).await;
    assert_eq!(active(&client).as_deref(), Some("two"), "2.8 s of 3 s");
    sleep(millis(1500)).await;
    assert_eq!(active(&client).as_deref(), Some("one"));
}

#[tokio::test(start_paused = true)]
async fn b37_who_is_unhealthy_again_in_between_is_not_returned_to() {
    let (fakes, config) = three([1.0, 0.5, 0.2]);
    let config = brisk(config).auto_fallback_interval(Some(millis(200))).grace_period(millis(150));
    let client = connected(config).await;
    fakes[0].set_up(false);
    becomes_active(&client, "two").await;
    for _ in 0..20 {
        fakes[0].set_up(true);
        sleep(millis(100)).await;
        fakes[0].set_up(false);
        sleep(millis(100)).await;
        assert_eq!(active(&client).as_deref(), Some("two"));
    }
    fakes[0].set_up(true);
    becomes_active(&client, "one").await;
}

#[tokio::test(start_paused = true)]
async fn b37_of_several_that_are_back_the_heaviest_is_returned_to() {
    let (fakes, config) = three([1.0, 2.0, 3.0]);
    let config = brisk(config).auto_fallback_interval(Some(millis(100))).grace_period(millis(100));
    let client = connected(config).await;
    for times in 1..=3 {
        becomes_active(&client, "three").await;
        fakes[2].set_up(false);
        fakes[1].set_up(false);
        becomes_active(&client, "one").await;
        fakes[1].set_up(true);
        becomes_active(&client, "two").await;
        fakes[2].set_up(true);
        becomes_active(&client, "three").await;
        assert!(switches(&client) >= 3 * times);
    }
}

#[tokio::test(start_paused = true)]
async fn b38_a_choice_by_hand_does_not_wait_for_the_grace_period() {
    let (fakes, config) = three([1.0, 0.5, 0.2]);
    let mut client = connected(brisk(config).grace_period(Duration::from_secs(2))).await;
    fakes[0].set_up(false);
    becomes_active(&client, "two").await;
    let handle = client.handle().unwrap();
    handle.set_active("one", None).await.unwrap_err();
    assert_eq!(active(&client).as_deref(), Some("two"));
    fakes[0].set_up(true);
    sleep(millis(200)).await;
    assert_eq!(circuit(&client, "one"), CircuitState::Open);
    handle.set_active("one", None).await.unwrap();
    assert_eq!((active(&client).as_deref(), circuit(&client, "one")), (Some("one"), CircuitState::Closed));
    assert_eq!(who(&mut client).await.unwrap(), "one");
}

#[tokio::test(start_paused = true)]
async fn b28_with_all_down_commands_fail_at_once_and_work_again_when_one_is_back() {
    let (fakes, config) = three([1.0, 0.5, 0.2]);
    let config = config
        .response_timeout(millis(200))
        .failure_rate_threshold(0.1)
        .min_num_failures(5)
        .failures_detection_window(Duration::from_secs(5))
        .grace_period(millis(500))
        .health_check_interval(millis(400))
        .health_check_probes(2)
        .health_check_delay(millis(50));
    let mut client = connected(config).await;
    all_go_down(&fakes);
    while active(&client).is_some() {
        sleep(millis(1)).await;
    }
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(told(&mut client).await, Err("temporarily"));
    }
    assert_eq!(Instant::now(), began, "without any wait");
    fakes[2].set_up(true);
    becomes_active(&client, "three").await;
    assert_eq!(told(&mut client).await.as_deref(), Ok("three"));
}

#[tokio::test(start_paused = true)]
async fn b13_twenty_failures_at_once_are_too_few_for_a_threshold_of_a_hundred() {
    let (eu, us) = (Fake::new("eu"), Fake::new("us"));
    let config = MultiDbConfig::new([eu.config(1.0), us.config(0.5)])
        .min_num_failures(100)
        .command_retry(0, NO_WAIT)
        .suspicion(Suspicion::off())
        .health_checks([]);
    let client = connected(config).await;
    eu.set_up(false);
    let calls = (0..20).map(|_| {
        let mut client = client.clone();
        async move { who(&mut client).await }
    });
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_err));
    assert_eq!((eu.commands(), circuit(&client, "eu")), (20, CircuitState::Closed));
    assert_eq!(active(&client).as_deref(), Some("eu"));
}

#[tokio::test(start_paused = true)]
async fn b40_many_databases_come_and_go_at_the_same_time() {
    let eu = Fake::new("eu");
    let mut client = connected(brisk(MultiDbConfig::new([eu.config(1.0)]))).await;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let changes = names.into_iter().enumerate().map(|(number, name)| {
        let client = client.clone();
        async move {
            for _ in 0..20 {
                client.add_database(Fake::new(name).config(0.5)).await.unwrap();
                tokio::task::yield_now().await;
                client.remove_database(name).await.unwrap();
            }
            // Half of them stay.
            if number % 2 == 0 {
                client.add_database(Fake::new(name).config(0.5)).await.unwrap();
            }
        }
    });
    futures_util::future::join_all(changes).await;
    let mut there: Vec<_> =
        client.snapshot().unwrap().members.iter().map(|member| member.name.to_string()).collect();
    there.sort();
    assert_eq!(there, ["a", "c", "e", "eu", "g", "i"]);
    assert_eq!(who(&mut client).await.unwrap(), "eu");
    assert_eq!(switches(&client), 0);
    eu.set_up(false);
    assert_ne!(who(&mut client).await.unwrap(), "eu");
}
