//! Who looks on while members are asked.

use super::*;

#[tokio::test(start_paused = true)]
async fn b52_each_probe_is_told_with_how_long_it_took_and_what_it_found() {
    let script = Script::new([WELL.after(millis(7)), WELL, WELL, Hang]);
    let told: Arc<Mutex<Vec<(Duration, Verdict)>>> = Arc::default();
    let observed = Arc::clone(&told);
    let availability = Availability::new("eu-west", Events::default());
    let plan = HealthPlan::new([script.check("mine")]).observer(move |report| {
        assert_eq!((&**report.member, &**report.check), ("eu-west", "mine"));
        observed.lock().unwrap().push((report.took, report.finding.verdict));
    });
    let _watch = plan.watch(&availability).unwrap();
    sleep(Duration::from_secs(15)).await;
    let (at_once, healthy) = (millis(0), Verdict::Healthy);
    let hung = (HealthSettings::default().probe_timeout, Verdict::Unhealthy);
    assert_eq!(
        told.lock().unwrap()[..4],
        [(millis(7), healthy), (at_once, healthy), (at_once, healthy), hung]
    );
}

#[tokio::test(start_paused = true)]
async fn b52_an_observer_that_panics_says_nothing_of_the_member() {
    let events = Events::default();
    let mut seen = events.subscribe();
    let availability = Availability::new("eu-west", events);
    let plan = HealthPlan::new([Script::new([WELL]).check("mine")]).observer(|_| panic!("its bug"));
    let _watch = plan.watch(&availability).unwrap();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(availability.view().verdict, Verdict::Healthy);
    let told = seen.next().now_or_never().flatten();
    let panicked = Event::Panicked { what: "probe observer of eu-west".into() };
    assert_eq!(told, Some(panicked));
}
