//! What became of each call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis_failover::Error;
use tokio::time::Instant;

/// One database of two, by its place in [`NAMES`](crate::NAMES).
pub(super) type Place = usize;

/// Longer than any call here may take: a call that has not ended by then hangs.
pub(super) const LONGEST: Duration = Duration::from_secs(10);

/// Among so many of the last calls one is looked for that was answered.
const LAST: usize = 100;

/// The calls of one cell.
#[derive(Debug, Default)]
pub(super) struct Journal {
    last: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    open: BTreeMap<u64, Instant>,
    calls: Vec<Call>,
    wrong: Vec<String>,
}

/// A call that has ended.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Its number, which no other call of its cell has.
    pub number: u64,
    /// When it began.
    pub began: Instant,
    /// When it ended.
    pub ended: Instant,
    /// How it ended.
    pub end: End,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// With a reply.
    Answered(Answer),
    /// Without one, and it was said that it may have been applied.
    InDoubt,
    /// Without one, and it was not said that it may have been applied; with the kind of its error.
    Failed(String),
}

/// What is known of a reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The call whose effect it tells of: itself, or another one whose number was read.
    pub tells_of: Option<u64>,
    /// From where it came, if it says so itself.
    pub from: Option<Place>,
}

impl Answer {
    /// One that says from where it came.
    #[must_use]
    pub(super) const fn from(place: Place) -> Self {
        Self { tells_of: None, from: Some(place) }
    }

    /// One that says that the call with this number was applied.
    #[must_use]
    pub(super) const fn of(number: u64) -> Self {
        Self { tells_of: Some(number), from: None }
    }
}

impl Journal {
    /// Begins a call, and tells its number.
    #[must_use]
    pub(super) fn begin(&self) -> u64 {
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        self.lock().open.insert(number, Instant::now());
        number
    }

    /// Ends it.
    pub(super) fn end(&self, number: u64, result: Result<Answer, Error>) {
        let end = match result {
            Ok(answer) => End::Answered(answer),
            Err(Error::MayHaveBeenApplied(_)) => End::InDoubt,
            Err(error) => End::Failed(kind(&error)),
        };
        let ended = Instant::now();
        let mut inner = self.lock();
        if let Some(began) = inner.open.remove(&number) {
            inner.calls.push(Call { number, began, ended, end });
        }
    }

    /// Notes a reply that cannot be right.
    pub(super) fn is_wrong(&self, what: String) {
        self.lock().wrong.push(what);
    }

    /// How many calls were answered so far.
    #[must_use]
    pub(super) fn answered(&self) -> usize {
        self.lock().calls.iter().filter(|call| matches!(call.end, End::Answered(_))).count()
    }

    /// Whether a call that began since was answered.
    #[must_use]
    pub(super) fn answered_since(&self, since: Instant) -> bool {
        let answered = |call: &Call| call.began >= since && matches!(call.end, End::Answered(_));
        self.lock().calls.iter().rev().take(LAST).any(answered)
    }

    /// All calls that have ended.
    #[must_use]
    pub(super) fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The numbers of all calls.
    #[must_use]
    pub(super) fn numbers(&self) -> Vec<u64> {
        (1..=self.last.load(Ordering::SeqCst)).collect()
    }

    /// Replies that cannot be right.
    #[must_use]
    pub(super) fn wrong(&self) -> Vec<String> {
        self.lock().wrong.clone()
    }

    /// How many calls took longer than any may, or are still on their way.
    #[must_use]
    pub(super) fn hung(&self) -> usize {
        let inner = self.lock();
        let slow = inner.calls.iter().filter(|call| call.ended - call.began > LONGEST);
        slow.count() + inner.open.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What kind of error it is: without what differs from one to the next.
fn kind(error: &Error) -> String {
    let all = match error {
        Error::Redis(error) => error.code().map_or_else(|| error.to_string(), ToOwned::to_owned),
        other => format!("{other:?}"),
    };
    all.split_once(['(', ' ', '{']).map_or(all.as_str(), |(kind, _)| kind).to_owned()
}
