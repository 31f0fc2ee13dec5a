//! When a connection has died without a word.

use super::*;

/// The connection's watch, and a call on it that is never answered.
struct Story {
    sweeper: Sweeper,
    availability: Availability,
}

impl Story {
    fn new() -> Self {
        Self { sweeper: Sweeper::spawn(), availability: member() }
    }

    async fn call_in_vain(&self) {
        let hangs = service_fn(|()| pending::<Result<(), &'static str>>());
        watched(&self.sweeper, &self.availability).layer(hangs).oneshot(()).await.unwrap_err();
    }

    /// A probe begins after this wait, and passes.
    async fn probe_after(&self, wait: Duration) {
        sleep(wait).await;
        let probe = self.availability.traffic().probe_begins();
        self.availability.traffic().probe_passed(probe);
    }
}

async fn is_silent(watch: &mut crate::availability::ConnectionWatch) -> bool {
    timeout(millis(1), watch.trouble()).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn b57_a_connection_is_given_up_when_calls_wait_in_vain_and_the_member_answers_probes() {
    let story = Story::new();
    let mut watch = story.availability.watch_connection();
    let noticed = tokio::spawn(async move { watch.trouble().await });
    tokio::join!(story.call_in_vain(), story.probe_after(millis(150)));
    timeout(millis(10), noticed).await.expect("it is told").unwrap();
}

#[tokio::test(start_paused = true)]
async fn b57_a_connection_is_kept_as_long_as_no_probe_has_passed_since() {
    let story = Story::new();
    story.probe_after(millis(0)).await;
    let mut watch = story.availability.watch_connection();
    let fails = async {
        sleep(millis(150)).await;
        story.availability.traffic().probe_begins();
    };
    tokio::join!(story.call_in_vain(), fails);
    assert!(!is_silent(&mut watch).await, "it may be the member that is silent");
}

#[tokio::test(start_paused = true)]
async fn b57_a_connection_is_kept_while_other_calls_are_answered() {
    let story = Story::new();
    let mut watch = story.availability.watch_connection();
    let answered = watched(&story.sweeper, &story.availability).layer(answers_after()).oneshot(millis(100));
    let (_, (), answer) = tokio::join!(story.call_in_vain(), story.probe_after(millis(150)), answered);
    assert_eq!(answer, Ok(()));
    assert!(!is_silent(&mut watch).await);
}

#[tokio::test(start_paused = true)]
async fn b57_a_new_connection_does_not_answer_for_the_calls_of_the_old_one() {
    let story = Story::new();
    let mut old = story.availability.watch_connection();
    let (_, (), mut new) = tokio::join!(story.call_in_vain(), story.probe_after(millis(150)), async {
        sleep(millis(300)).await;
        story.availability.watch_connection()
    });
    assert!(is_silent(&mut old).await);
    assert!(!is_silent(&mut new).await);
    tokio::join!(story.call_in_vain(), story.probe_after(millis(150)));
    assert!(is_silent(&mut new).await, "its own ones");
}

#[tokio::test(start_paused = true)]
async fn b57_calls_that_are_meant_to_be_silent_say_nothing_of_their_connection() {
    let story = Story::new();
    let mut watch = story.availability.watch_connection();
    let exempt = watched(&story.sweeper, &story.availability)
        .timeout_of(|(): &()| Timeout::Exempt(Some(LIMIT)))
        .layer(service_fn(|()| pending::<Result<(), &'static str>>()));
    let (end, ()) = tokio::join!(exempt.oneshot(()), story.probe_after(millis(150)));
    end.unwrap_err();
    assert!(!is_silent(&mut watch).await);
}
