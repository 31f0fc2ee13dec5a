//! Listeners: user code that is called with the events.

use std::any::type_name;
use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Duration, sleep};

use super::source::WeakEvents;
use super::{Event, EventStream, Events};

/// User code that is called with events, one at a time and in order, by a task of its own.
///
/// It may call whatever it likes, the service it listens to and its handle among it: nothing waits for a listener. One
/// that is slow is told how many events it missed ([`Event::Lagged`]); so is one that wants [only](Self::only) some,
/// if it wants to know that too. One that panics is called no more, and [`Event::Panicked`] tells the others.
///
/// # Clone
/// Clones call the same code.
#[derive(Clone)]
pub struct Listener {
    name: &'static str,
    wants: Option<Arc<Wants>>,
    call: Arc<Call>,
}

type Wants = dyn Fn(&Event) -> bool + Send + Sync;
type Call = dyn Fn(Event) -> BoxFuture<'static, ()> + Send + Sync;

impl Listener {
    /// How long a listener may take for what it has not heard yet, once it is to end.
    pub const LAST_CALLS: Duration = Duration::from_secs(5);

    /// Plain code, which may block: it is called on a thread that is there for that. Code that never returns keeps its
    /// thread, also when it has been given up, and a runtime that is dropped waits for it.
    pub fn new<F>(listener: F) -> Self
    where
        F: Fn(&Event) + Send + Sync + 'static,
    {
        let listener = Arc::new(listener);
        let call = move |event| -> BoxFuture<'static, ()> {
            let listener = Arc::clone(&listener);
            let called = spawn_blocking(move || listener(&event));
            Box::pin(called.map(|called| match called {
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                // Not called, because the runtime ends.
                Ok(()) | Err(_) => {}
            }))
        };
        Self { name: type_name::<F>(), wants: None, call: Arc::new(call) }
    }

    /// Code that returns a future, which must not block. The next event comes when it has completed.
    pub fn asynchronous<F, Fut>(listener: F) -> Self
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self { name: type_name::<F>(), wants: None, call: Arc::new(move |event| Box::pin(listener(event))) }
    }

    /// Only events of which this says so. It is asked once for each event, so it should answer at once.
    ///
    /// Missed events ([`Event::Lagged`]) are an event as well: leave it out, and they are missed in silence.
    #[must_use]
    pub fn only(mut self, wants: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        self.wants = Some(Arc::new(wants));
        self
    }

    /// Keeps something for as long as it listens, and drops it when it has heard the last.
    #[must_use]
    pub fn keeping(mut self, kept: impl Send + Sync + 'static) -> Self {
        let call = self.call;
        self.call = Arc::new(move |event| {
            let _kept = &kept;
            call(event)
        });
        self
    }

    async fn hear(&self, event: Event) {
        if self.wants.as_ref().is_none_or(|wants| wants(&event)) {
            (self.call)(event).await;
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.name).finish()
    }
}

/// A [`Listener`] at work. When this is dropped it hears what was emitted before, and ends; if it takes longer than
/// [`Listener::LAST_CALLS`] (5 s) for that, it is given up.
#[derive(Debug)]
#[must_use = "a listener ends when this is dropped"]
pub struct Listening {
    _until_dropped: watch::Sender<()>,
}

impl Listening {
    pub(super) fn start(listener: Listener, events: &Events) -> Self {
        let (until_dropped, mut ending) = watch::channel(());
        let (stream, events) = (events.subscribe(), events.downgrade());
        let listens = listen(listener, stream, events, ending.clone());
        tokio::spawn(async move {
            let given_up = async {
                ended(&mut ending).await;
                sleep(Listener::LAST_CALLS).await;
            };
            tokio::select! {
                () = listens => {}
                () = given_up => {}
            }
        });
        Self { _until_dropped: until_dropped }
    }
}

/// Ends with the events, after a panic, and when nothing is left to hear once it is to end.
async fn listen(
    listener: Listener,
    mut events: EventStream,
    told: WeakEvents,
    mut ending: watch::Receiver<()>,
) {
    loop {
        let event = tokio::select! {
            biased;
            event = events.next() => event,
            () = ended(&mut ending) => return,
        };
        let Some(event) = event else { return };
        if AssertUnwindSafe(listener.hear(event)).catch_unwind().await.is_err() {
            told.emit(Event::Panicked { what: format!("listener {}", listener.name).into() });
            return;
        }
    }
}

/// Completes when the other end is dropped; it never says anything.
async fn ended(ending: &mut watch::Receiver<()>) {
    while ending.changed().await.is_ok() {}
}
