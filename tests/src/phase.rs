//! What callers are to do, told to all of them at once.

use tokio::sync::watch;

/// What callers are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// One call after another.
    Work,
    /// End what was begun, and begin nothing.
    Rest,
    /// End what was begun, and then themselves.
    End,
}

/// Whether there is another call to be made; of who rests it is known when that is over. After the end there is none.
pub(crate) async fn is_to_work(phase: &mut watch::Receiver<Phase>) -> bool {
    // Who told it is gone only when all is over.
    phase.wait_for(|phase| *phase != Phase::Rest).await.is_ok_and(|phase| *phase == Phase::Work)
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    /// What somebody who rests hears when this comes.
    async fn after_a_rest(next: Phase) -> bool {
        let (phase, mut told) = watch::channel(Phase::Rest);
        let resting = tokio::spawn(async move { is_to_work(&mut told).await });
        yield_now().await;
        assert!(!resting.is_finished());
        phase.send_replace(next);
        resting.await.unwrap()
    }

    #[tokio::test]
    async fn who_rests_begins_nothing_after_the_end() {
        assert!(!after_a_rest(Phase::End).await);
    }

    #[tokio::test]
    async fn who_rested_goes_on_working() {
        assert!(after_a_rest(Phase::Work).await);
    }
}
