//! One member's calls in flight.

use std::ops::Deref;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Duration;

use super::slots::{NEVER, Slot, Slots};
use super::sweeper::{Sweeper, TICK};
use super::timeout::Patience;
use crate::availability::{Availability, Interrupt, ProbeMark, Suspicion};
use crate::clock::{Millis, as_millis};

/// The calls in flight of one member, as the sweeper sees them.
pub(super) struct Member {
    slots: Slots,
    availability: Availability,
    suspicion: Suspicion,
    sweeper: Sweeper,
}

impl Member {
    pub(super) fn new(sweeper: &Sweeper, availability: &Availability, suspicion: Suspicion) -> Arc<Self> {
        let member = Arc::new(Self {
            slots: Slots::new(),
            availability: availability.clone(),
            suspicion,
            sweeper: sweeper.clone(),
        });
        let weak = Arc::downgrade(&member);
        sweeper.register(weak.clone());
        availability.on_interrupt(weak);
        member
    }

    pub(super) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// We stood still for long: whether the member and its kept connections are still there is to be asked.
    pub(super) fn doubt(&self) {
        self.availability.suspect();
    }

    #[inline]
    pub(super) fn call_begins(&self) {
        self.sweeper.call_begins();
    }

    pub(super) fn in_flight(&self) -> bool {
        self.slots.any_in_use()
    }

    /// Expires calls whose time is over, and suspects the member if it is silent while calls wait (B17). Whether
    /// there was nothing to do, and no call since the last sweep.
    pub(super) fn sweep(&self, now: Millis) -> bool {
        let mut waiting_since = NEVER;
        let mut is_idle = true;
        for slot in self.slots.iter() {
            is_idle &= slot.is_idle();
            waiting_since = waiting_since.min(slot.silent_since());
            slot.expire(now);
        }
        let traffic = self.availability.traffic();
        let silent_since = waiting_since.max(traffic.answered_at());
        let patience = self.suspicion.after_for(traffic.round_trip());
        if now >= no_sooner_than(silent_since, patience) {
            self.availability.suspect();
        }
        is_idle
    }
}

impl Interrupt for Member {
    fn wake_all(&self) {
        self.slots.iter().for_each(Slot::wake);
    }
}

/// When a limit that began at a coarse `start` is over: as that may lie a sweep back, one sweep later.
fn no_sooner_than(start: Millis, limit: Duration) -> Millis {
    start.saturating_add(as_millis(limit)).saturating_add(as_millis(TICK))
}

/// A call's hold on its member: on a slot, from its first wait to its end.
pub(super) struct Lease<H: Deref<Target = Member>> {
    member: H,
    sent: ProbeMark,
    slot: Option<u32>,
}

/// The sweeper cannot watch a call: it is gone, or there are too many.
pub(super) struct Unwatched;

impl<H: Deref<Target = Member>> Lease<H> {
    /// To be called before the request is sent.
    #[inline]
    pub(super) fn new(member: H) -> Self {
        member.call_begins();
        Self { sent: member.availability.traffic().mark(), member, slot: None }
    }

    /// Ready when the call's time is over.
    #[inline]
    pub(super) fn poll_expired(
        &mut self,
        patience: impl Fn() -> Patience,
        context: &mut Context<'_>,
    ) -> Result<Poll<()>, Unwatched> {
        if self.member.sweeper.is_gone() {
            return Err(Unwatched);
        }
        let slots = &self.member.slots;
        let slot = if let Some(index) = self.slot {
            slots.get(index)
        } else {
            let (index, slot) = slots.take().ok_or(Unwatched)?;
            self.slot = Some(index);
            self.member.sweeper.slot_taken();
            let Patience { limit, exempt } = patience();
            let now = self.member.sweeper.coarse().now();
            let due = limit.map_or(NEVER, |limit| no_sooner_than(now, limit));
            slot.begin(if exempt { NEVER } else { now }, due);
            slot
        };
        slot.register(context.waker());
        // Gone or expired before the waker was there?
        if self.member.sweeper.is_gone() {
            return Err(Unwatched);
        }
        if !slot.is_expired() {
            return Ok(Poll::Pending);
        }
        self.expired(slot);
        // Whoever keeps the finished future keeps no slot.
        self.release();
        Ok(Poll::Ready(()))
    }

    #[cold]
    fn expired(&self, slot: &Slot) {
        let since = slot.silent_since();
        // One that was meant to be silent says nothing.
        if since == NEVER {
            return;
        }
        let Member { availability, suspicion, sweeper, .. } = &*self.member;
        // Nobody who has a limit is to wait for eight round trips that are longer, and then for the next call's.
        let waited = sweeper.coarse().now().saturating_sub(since);
        if waited >= as_millis(suspicion.after) && availability.traffic().answered_at() <= since {
            availability.suspect();
        }
        availability.waited_in_vain(self.sent, since);
    }

    /// The member answered.
    #[inline]
    pub(super) fn answered(&self) {
        self.member.availability.traffic().answered(self.sent, self.member.sweeper.coarse().now());
    }

    /// The call ended.
    #[inline]
    pub(super) fn release(&mut self) {
        if let Some(index) = self.slot.take() {
            self.member.slots.release(index);
        }
    }
}

impl<H: Deref<Target = Member>> Drop for Lease<H> {
    fn drop(&mut self) {
        self.release();
    }
}
