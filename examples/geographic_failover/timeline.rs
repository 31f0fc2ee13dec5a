//! When what happened: the faults from without, the client's events from within.

use std::fmt;
use std::time::Duration;

use futures_util::StreamExt;
use redis_failover::{Event, EventStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What was done from without, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    pub(crate) began: Instant,
    /// When the system call that broke the primary had returned.
    pub(crate) broken: Option<Instant>,
    /// When the primary worked again.
    pub(crate) healed: Option<Instant>,
}

impl Marks {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), broken: None, healed: None }
    }
}

/// Notes the time of every event.
pub(crate) struct Recorder {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Vec<(Instant, Event)>>,
}

impl Recorder {
    pub(crate) fn start(mut events: EventStream) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut seen = Vec::new();
            loop {
                tokio::select! {
                    Some(event) = events.next() => seen.push((Instant::now(), event)),
                    _ = &mut stopped => return seen,
                }
            }
        });
        Self { stop, task }
    }

    pub(crate) async fn stop(self) -> Vec<(Instant, Event)> {
        // Fails only if the task has ended, and then the result below says how.
        let _ = self.stop.send(());
        self.task.await.unwrap_or_default()
    }
}

/// One line of the timeline.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// Since the callers began; what happened before them is at 0.
    pub(crate) at: Duration,
    pub(crate) what: String,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:8.3} s  {}", self.at.as_secs_f64(), self.what)
    }
}

/// An event in a few words.
pub(crate) fn describe(event: &Event) -> String {
    match event {
        // Its evidence was told by the verdict before it.
        Event::ActiveChanged { from, to, reason, .. } => {
            format!("active database: {} -> {to} ({reason:?})", from.as_deref().unwrap_or("none"))
        }
        Event::CircuitChanged { member, from, to, reason } => {
            let reason = reason.map(|reason| format!(" ({reason:?})")).unwrap_or_default();
            format!("circuit of {member}: {from:?} -> {to:?}{reason}")
        }
        Event::VerdictChanged { member, from, to, evidence } => {
            let evidence = evidence.as_ref().map(|evidence| format!(" ({evidence})")).unwrap_or_default();
            format!("verdict on {member}: {from:?} -> {to:?}{evidence}")
        }
        Event::CallsFailed { member, count: 1 } => format!("1 call failed on {member}"),
        Event::CallsFailed { member, count } => format!("{count} calls failed on {member}"),
        Event::MemberAdded { member } => format!("{member} is known"),
        other => format!("{other:?}"),
    }
}
