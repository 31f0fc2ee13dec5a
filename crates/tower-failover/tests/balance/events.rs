//! What the balance tells: B51.

use futures_util::StreamExt;
use tower_failover::availability::{CircuitState, Evidence, OpenReason};
use tower_failover::{Event, Finding, Signal, SwitchReason, Verdict};

use super::stage::{Balance, Stage, ask, settled};

#[tokio::test(start_paused = true)]
async fn b51_a_switch_tells_from_where_to_where_why_by_which_evidence_and_its_version() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    let first = balance.handle().snapshot().version;
    let added = |region: &'static str| Event::MemberAdded { member: region.into() };
    let initial = Event::ActiveChanged {
        from: None,
        to: "heavy".into(),
        reason: SwitchReason::Initial,
        evidence: None,
        version: first,
    };
    assert_eq!(stage.told(), [added("light"), added("middle"), added("heavy"), initial]);

    stage.heavy.falls();
    settled().await;
    let switch = Event::ActiveChanged {
        from: Some("heavy".into()),
        to: "middle".into(),
        reason: SwitchReason::Unavailable(OpenReason::HealthCheck),
        evidence: Some(Evidence::Unreachable("cut".into())),
        version: first + 1,
    };
    assert_eq!(stage.told(), [switch], "once");
    stage.heavy.falls();
    settled().await;
    assert_eq!(stage.told(), [], "nothing has changed");
}

/// What a switch away from the heaviest tells as its evidence.
async fn evidence_of_leaving(
    finding: Finding,
    leave: impl AsyncFnOnce(&Stage, &Balance),
) -> Option<Evidence> {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.heavy.availability().signal(Signal::Verdict(finding));
    leave(&stage, &balance).await;
    settled().await;
    let evidence = stage.told().into_iter().find_map(|event| match event {
        Event::ActiveChanged { from: Some(from), evidence, .. } if *from == *"heavy" => Some(evidence),
        _ => None,
    });
    evidence.expect("it was left")
}

#[tokio::test(start_paused = true)]
async fn b51_a_switch_tells_what_speaks_against_whom_it_leaves_and_nothing_else() {
    let by_hand = async |_: &Stage, balance: &Balance| {
        balance.handle().force_active("middle", None).await.expect("a known member");
    };
    let trips = async |stage: &Stage, _: &Balance| {
        let epoch = stage.heavy.availability().gate().epoch;
        let reason = OpenReason::FailureDetector;
        stage.heavy.availability().signal(Signal::Trip { epoch, reason });
    };
    let by_itself = async |_: &Stage, _: &Balance| {};

    let behind = Evidence::Lagging("by 9 s".into());
    assert_eq!(evidence_of_leaving(Finding::unhealthy(behind.clone()), by_itself).await, Some(behind));

    let unknown = Evidence::Undetermined("the API is down".into());
    let finding = || {
        let mut finding = Finding::healthy();
        (finding.verdict, finding.evidence) = (Verdict::Unknown, Some(unknown.clone()));
        finding
    };
    assert_eq!(evidence_of_leaving(finding(), trips).await, Some(unknown.clone()));
    assert_eq!(evidence_of_leaving(finding(), by_hand).await, None, "it was left for no such reason");
}

#[tokio::test(start_paused = true)]
async fn b51_verdict_and_circuit_are_told_before_the_switch_they_lead_to() {
    let mut stage = Stage::new();
    let _balance = stage.balance(stage.config());
    settled().await;
    stage.told();
    let evidence = Evidence::TimedOut;
    stage.heavy.availability().signal(Signal::Verdict(Finding::unhealthy(evidence.clone())));
    let member = || "heavy".into();
    let told: Vec<_> = (&mut stage.seen).take(3).collect().await;
    let verdict = Event::VerdictChanged {
        member: member(),
        from: Verdict::Unknown,
        to: Verdict::Unhealthy,
        evidence: Some(evidence),
    };
    let circuit = Event::CircuitChanged {
        member: member(),
        from: CircuitState::Closed,
        to: CircuitState::Open,
        reason: Some(OpenReason::HealthCheck),
    };
    assert_eq!(told[..2], [verdict, circuit]);
    assert!(matches!(&told[2], Event::ActiveChanged { from: Some(from), .. } if **from == *"heavy"));
}

/// Whoever hears of a change may look, steer and call at once: no lock is held.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b51_whoever_hears_an_event_may_call_and_steer() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    let mut seen = stage.events.subscribe();
    let listener = {
        let balance = balance.clone();
        tokio::spawn(async move {
            while let Some(event) = seen.next().await {
                if matches!(&event, Event::ActiveChanged { to, .. } if **to == *"middle") {
                    let snapshot = balance.handle().snapshot();
                    balance.handle().drain("middle", None).await.expect("a known member");
                    return (snapshot.active, ask(&balance).await);
                }
            }
            panic!("no switch was told");
        })
    };
    assert_eq!(ask(&balance).await, Ok("heavy"));
    stage.heavy.falls();
    let (active, answer) = listener.await.expect("no panic");
    assert_eq!(active.as_deref(), Some("middle"), "the event and the snapshot tell the same story");
    assert_eq!(answer, Ok("light"));
}
