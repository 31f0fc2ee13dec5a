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
        let attendant = Attendant(Arc::clone(&self.shared));
        self.shared.tell();
        // Without a runtime there is no time to wait for: each is told.
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(attendant.attend()));
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

/// Sees to what is untold. When it is dropped, also by a runtime that ends, the next one may.
struct Attendant(Arc<Shared>);

impl Attendant {
    /// Ends after a second in which nothing happened.
    async fn attend(mut self) {
        loop {
            sleep(SPACING).await;
            if self.0.tell() {
                continue;
            }
            let shared = Arc::clone(&self.0);
            drop(self);
            // Counted in between, by somebody who saw it attended?
            if shared.untold.load(Ordering::SeqCst) == 0 || shared.attended.swap(true, Ordering::SeqCst) {
                return;
            }
            self = Self(shared);
            self.0.tell();
        }
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        self.0.attended.store(false, Ordering::SeqCst);
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

    #[test]
    fn b51_it_is_still_told_after_the_runtime_of_a_call_has_ended() {
        let events = Events::default();
        let mut seen = events.subscribe();
        let refused = |count| Event::RetriesRefused { count };
        let aggregate = Aggregate::new(events, refused);
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async { aggregate.happened() });
            drop(runtime);
            assert_eq!(seen.next().now_or_never().flatten(), Some(refused(1)));
        }
    }
}
