//! What happens too often to be told each time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::time::{Duration, sleep};

use crate::event::{Event, Events};

/// How far apart two events of the same kind are.
const SPACING: Duration = Duration::from_secs(1);

/// Tells at once, and then once a second how often it happened since; also of the last ones.
#[derive(Clone)]
pub(crate) struct Aggregate {
    shared: Arc<Shared>,
}

struct Shared {
    untold: AtomicU64,
    /// Whether a task sees to what is untold.
    attended: AtomicBool,
    events: Events,
    event: Box<dyn Fn(u64) -> Event + Send + Sync>,
}

impl Aggregate {
    /// `event` says what happened so often.
    pub(crate) fn new(events: Events, event: impl Fn(u64) -> Event + Send + Sync + 'static) -> Self {
        let shared = Shared {
            untold: AtomicU64::new(0),
            attended: AtomicBool::new(false),
            events,
            event: Box::new(event),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Once more. Not to be called under a lock.
    #[cold]
    pub(crate) fn happened(&self) {
        self.shared.untold.fetch_add(1, Ordering::SeqCst);
        if self.shared.attended.swap(true, Ordering::SeqCst) {
            return;
        }
        self.shared.tell();
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(attend(Arc::clone(&self.shared)))),
            // Without a runtime there is no time to wait for: each is told.
            Err(_) => self.shared.attended.store(false, Ordering::SeqCst),
        }
    }
}

impl Shared {
    /// Whether there was something to tell.
    fn tell(&self) -> bool {
        let count = self.untold.swap(0, Ordering::SeqCst);
        if count > 0 {
            self.events.emit((self.event)(count));
        }
        count > 0
    }
}

/// Ends after a second in which nothing happened.
async fn attend(shared: Arc<Shared>) {
    loop {
        sleep(SPACING).await;
        if shared.tell() {
            continue;
        }
        shared.attended.store(false, Ordering::SeqCst);
        // Counted in between, by somebody who saw it attended?
        if shared.untold.load(Ordering::SeqCst) == 0 || shared.attended.swap(true, Ordering::SeqCst) {
            return;
        }
        shared.tell();
    }
}

impl fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate").field("untold", &self.shared.untold).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn b51_the_first_is_told_at_once_and_the_last_ones_within_a_second() {
        let events = Events::default();
        let mut seen = events.subscribe();
        let mut told = || std::iter::from_fn(|| seen.next().now_or_never().flatten()).collect::<Vec<_>>();
        let refused = |count| Event::RetriesRefused { count };
        let aggregate = Aggregate::new(events, refused);

        for _ in 0..2 {
            (0..10).for_each(|_| aggregate.happened());
            assert_eq!(told(), [refused(1)]);
            sleep(SPACING / 2).await;
            (0..5).for_each(|_| aggregate.happened());
            assert_eq!(told(), [], "not yet");
            sleep(SPACING).await;
            assert_eq!(told(), [refused(14)], "nothing had to happen for it");
            sleep(SPACING * 60).await;
            assert_eq!(told(), [], "a minute in which nothing happened");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn b51_a_steady_flow_is_told_once_a_second() {
        let events = Events::default();
        let seen = events.subscribe();
        let aggregate = Aggregate::new(events, |count| Event::RetriesRefused { count });
        for _ in 0..100 {
            aggregate.happened();
            sleep(Duration::from_millis(100)).await;
        }
        sleep(SPACING).await;
        drop(aggregate);
        let told: Vec<_> = seen.collect().await;
        let sum: u64 = told
            .iter()
            .map(|event| if let Event::RetriesRefused { count } = event { *count } else { 0 })
            .sum();
        assert_eq!(sum, 100, "{told:?}");
        assert!((10..=12).contains(&told.len()), "{told:?}");
    }
}
