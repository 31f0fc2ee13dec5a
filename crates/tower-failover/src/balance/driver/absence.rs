//! Nobody can serve: how an outage begins, what it shows to be our fault, and when it is permanent (B28, B58).

use tokio::time::Instant;

use super::Course;
use crate::availability::{Signal, View};
use crate::balance::active::{Absence, Published, Shared};
use crate::balance::members::Entry;
use crate::balance::outage::Outage;
use crate::balance::select::{Patience, Standing};
use crate::event::Event;

impl<K: Eq, S> Course<K, S> {
    pub(super) fn nobody(&mut self, shared: &Shared<S>, active: Option<usize>, now: Instant) {
        // Nobody is there to be preferred to.
        self.patience = None;
        if self.roster.outage.is_some() {
            return;
        }
        let outage =
            Outage { since: now, attempts: self.config.failover_attempts, delay: self.config.failover_delay };
        let former = active.and_then(|index| self.members.get(index));
        let hung = former.is_some_and(|former| former.view().is_hung());
        shared.publish(Published::Nobody(Absence::Outage(outage)), None, hung);
        if let Some(former) = former.filter(|_| hung) {
            former.availability.interrupt();
        }
        self.roster.active = None;
        self.roster.outage = Some(outage);
        self.publish_roster(shared);
        self.config.events.emit(Event::OutageBegan);
    }

    /// What becomes of an outage while it lasts.
    pub(super) fn look_at_outage(&mut self, now: Instant) {
        let Some(outage) = self.roster.outage else { return };
        if !self.all_at_once && self.went_together() {
            self.all_at_once = true;
            for entry in self.members.iter() {
                entry.availability.signal(Signal::WaiveGrace);
            }
        }
        if !self.escalated && now >= outage.escalates_at() {
            self.escalated = true;
            self.config.events.emit(Event::OutageEscalated { lasted: outage.status(now).lasted });
        }
    }

    /// After all went at once, the first one that returns has the heavier ones asked, and waited for a little.
    pub(super) fn await_return(&mut self, standings: &[Standing], now: Instant) {
        let returned = |standing: &&Standing| standing.preference.or(standing.last_resort).is_some();
        if !self.all_at_once || self.patience.is_some() {
            return;
        }
        let Some(heaviest) =
            standings.iter().filter(returned).map(|standing| standing.weight).reduce(heavier)
        else {
            return;
        };
        self.patience = Some(Patience::ForReturn(now + self.config.wait_for_return));
        for (entry, standing) in self.members.iter().zip(standings) {
            if standing.wanted && !returned(&standing) && standing.weight > heaviest {
                // Its verdict is what counts; nobody waits for the round itself.
                drop(entry.availability.request_round());
            }
        }
    }

    /// Whether all members that are to serve became unavailable at about the same time. That is probably our fault.
    fn went_together(&self) -> bool {
        let wanted = || self.members.iter().filter(|entry| entry.is_wanted()).map(Entry::view);
        let since = || wanted().map(|view: View| view.unavailable_since);
        match (since().min(), since().max()) {
            (Some(Some(first)), Some(Some(last))) => last - first <= self.config.all_at_once_window,
            _ => false,
        }
    }
}

fn heavier<W: PartialOrd>(one: W, other: W) -> W {
    if other > one { other } else { one }
}
