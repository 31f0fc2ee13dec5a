//! Health as a stream of changes.

use tokio_test::{assert_pending, task};

use super::*;
use crate::availability::{Finding, Signal};
use crate::health::HealthStream;

fn cell(name: &str) -> Availability {
    Availability::new(name, Events::default())
}

#[tokio::test(start_paused = true)]
async fn b18_the_stream_tells_of_each_member_by_its_key() {
    let (mut stream, checks) = HealthStream::pair();
    checks.insert("hung", cell("hung"), &plan([Script::new([Hang]).check("ping")])).unwrap();
    checks.insert("down", cell("down"), &plan([Script::new([Refuse]).check("ping")])).unwrap();
    let first = stream.next().await.unwrap();
    assert_eq!((first.key, first.from, first.to), ("down", Verdict::Unknown, Verdict::Unhealthy));
    assert!(matches!(first.evidence, Some(Evidence::Unreachable(_))));
    let second = stream.next().await.unwrap();
    assert_eq!((second.key, second.evidence), ("hung", Some(Evidence::TimedOut)));
}

#[tokio::test(start_paused = true)]
async fn verdicts_take_effect_whether_or_not_the_stream_is_read_and_it_tells_the_difference() {
    let (mut stream, checks) = HealthStream::pair();
    let script = Script::new([WELL]);
    let availability = cell("a");
    checks.insert("a", availability.clone(), &plan([script.check("ping")])).unwrap();
    assert_eq!(stream.next().await.unwrap().to, Verdict::Healthy);

    script.now_follow([Fail]);
    sleep(millis(6000)).await;
    assert_eq!(availability.view().verdict, Verdict::Unhealthy);
    script.now_follow([WELL]);
    sleep(millis(10_000)).await;
    assert_eq!(availability.view().verdict, Verdict::Healthy);
    let mut stream = task::spawn(stream);
    assert_pending!(stream.poll_next(), "what came and went in between is not told");

    availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    assert!(stream.is_woken());
    let change = stream.next().await.unwrap();
    assert_eq!((change.from, change.to), (Verdict::Healthy, Verdict::Unhealthy));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_flaps_does_not_keep_the_others_from_being_told_of() {
    let (mut stream, checks) = HealthStream::pair();
    let cells = ["a", "b"].map(cell);
    for availability in &cells {
        checks.insert(availability.name().clone(), availability.clone(), &plan([])).unwrap();
    }
    cells[0].signal(Signal::Verdict(Finding::healthy()));
    assert_eq!(&*stream.next().await.unwrap().key, "a");
    cells[0].signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    cells[1].signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    assert_eq!(&*stream.next().await.unwrap().key, "b");
    assert_eq!(&*stream.next().await.unwrap().key, "a");
}

#[tokio::test(start_paused = true)]
async fn a_member_inserted_while_the_stream_is_waited_for_is_told_of() {
    let (stream, checks) = HealthStream::pair();
    let mut stream = task::spawn(stream);
    assert_pending!(stream.poll_next());
    checks.clone().insert(1, cell("late"), &plan([Script::new([WELL]).check("ping")])).unwrap();
    assert!(stream.is_woken());
    let change = stream.next().await.unwrap();
    assert_eq!((change.key, change.to), (1, Verdict::Healthy));
}

#[tokio::test(start_paused = true)]
async fn b42_a_removed_member_is_asked_no_more() {
    let (stream, checks) = HealthStream::pair();
    let script = Script::new([WELL]);
    checks.insert("a", cell("a"), &plan([script.check("ping")])).unwrap();
    sleep(millis(10)).await;
    assert!(checks.remove(&"a"));
    assert!(!checks.remove(&"a"));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(script.asked(), 1);
    drop(stream);
}

#[tokio::test(start_paused = true)]
async fn the_loops_end_with_the_last_of_handle_and_stream() {
    let (stream, checks) = HealthStream::pair();
    let script = Script::new([WELL]);
    checks.insert("a", cell("a"), &plan([script.check("ping")])).unwrap();
    drop(checks);
    sleep(millis(700)).await;
    assert_eq!(script.asked(), 2);
    drop(stream);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(script.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn b21_another_plan_takes_over_at_run_time_without_a_gap() {
    let (mut stream, checks) = HealthStream::pair();
    let availability = cell("a");
    let (former, latter) = (Script::new([WELL]), Script::new([WELL]));
    checks.insert("a", availability.clone(), &plan([former.check("ping")])).unwrap();
    assert_eq!(stream.next().await.unwrap().to, Verdict::Healthy);

    checks.insert("a", availability.clone(), &plan([latter.check("mine")])).unwrap();
    assert!(availability.view().checked);
    sleep(Duration::from_secs(10)).await;
    assert!(availability.view().checked, "the former loop's end does not count");
    assert_eq!(former.asked(), 3);
    assert!(latter.asked() >= 3);
    let mut stream = task::spawn(stream);
    assert_pending!(stream.poll_next(), "the verdict is the same");
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_makes_no_sense_leaves_the_former_one_in_place() {
    let (_stream, checks) = HealthStream::pair();
    let availability = cell("a");
    checks.insert("a", availability.clone(), &plan([Script::new([WELL]).check("ping")])).unwrap();
    let nonsense = HealthSettings { probes: 0, ..steady() };
    let refused = plan([Script::new([WELL]).check("ping")]).settings(nonsense);
    assert!(checks.insert("a", availability.clone(), &refused).is_err());
    sleep(millis(10)).await;
    assert!(availability.view().checked);
}
