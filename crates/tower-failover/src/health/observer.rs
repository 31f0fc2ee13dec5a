//! Who is told of every probe.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::time::Duration;

use super::check::ProbeCause;
use crate::availability::{Availability, Finding};
use crate::event::{Event, Name};

/// One probe that has ended.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ProbeReport<'a> {
    /// Who was asked.
    pub member: &'a Name,
    /// By which check.
    pub check: &'a Name,
    /// Why.
    pub cause: ProbeCause,
    /// How long it took to answer, or until its timeout.
    pub took: Duration,
    /// What it found.
    pub finding: &'a Finding,
}

type Observe = dyn Fn(&ProbeReport<'_>) + Send + Sync;

/// A user's code that looks on; there may be none.
#[derive(Clone, Default)]
pub(super) struct Observer(Option<Arc<Observe>>);

impl Observer {
    pub(super) fn new(observe: impl Fn(&ProbeReport<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observe)))
    }

    /// A panic says nothing about the member.
    pub(super) fn tell(&self, report: &ProbeReport<'_>, member: &Availability) {
        let Some(observe) = &self.0 else { return };
        if catch_unwind(AssertUnwindSafe(|| observe(report))).is_err() {
            let what = format!("probe observer of {}", member.name());
            member.events().emit(Event::Panicked { what: what.into() });
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.0.is_some()).finish()
    }
}
