//! Who is a member, with which weight, drained or chosen by hand. Plain and synchronous.

use std::sync::Arc;

use tokio::time::Instant;

use super::member::{Member, Weight};
use super::reminder::Reminder;
use super::select::Standing;
use super::snapshot::Listed;
use crate::availability::{Availability, Preference, Verdict, View};
use crate::bell::Bell;
use crate::event::Name;

/// One member, as the driver holds it.
pub(super) struct Entry<K, S> {
    key: K,
    pub(super) service: Arc<S>,
    pub(super) weight: Weight,
    pub(super) availability: Availability,
    /// `Some(None)`: drained for ever.
    drained: Option<Option<Instant>>,
    /// Joined, and was not yet found healthy: it takes over at once if it is heavier.
    arriving: bool,
    reminder: Reminder,
}

/// A choice by hand.
struct Pin {
    name: Name,
    until: Option<Instant>,
}

/// All members, in the order of configuration.
pub(super) struct Members<K, S> {
    entries: Vec<Entry<K, S>>,
    pin: Option<Pin>,
}

impl<K: Eq, S> Members<K, S> {
    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), pin: None }
    }

    /// Adds a member, or replaces the one of the same key. Another member of the same name is refused.
    pub(super) fn insert(&mut self, key: K, member: Member<S>, bell: &Arc<Bell>) -> Result<(), Name> {
        let name = member.name();
        if self.entries.iter().any(|entry| entry.key != key && entry.name() == name) {
            return Err(name.clone());
        }
        member.availability.listen(bell);
        let entry = Entry {
            key,
            service: Arc::new(member.service),
            weight: member.weight,
            availability: member.availability,
            drained: None,
            arriving: true,
            reminder: Reminder::default(),
        };
        let existing = self.entries.iter_mut().find(|existing| existing.key == entry.key);
        if let Some(existing) = &existing {
            existing.availability.retire();
        }
        // It may be the same one, or have been a member before.
        entry.availability.reinstate();
        match existing {
            // What a person ordered of it outlives its service.
            Some(existing) if existing.name() == entry.name() => {
                *existing = Entry { drained: existing.drained, ..entry };
            }
            Some(existing) => *existing = entry,
            None => self.entries.push(entry),
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<Name> {
        let index = self.entries.iter().position(|entry| entry.key == *key)?;
        Some(self.remove_at(index))
    }
}

impl<K, S> Members<K, S> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry<K, S>> {
        self.entries.iter()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Entry<K, S>> {
        self.entries.get(index)
    }

    pub(super) fn index_of(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| &**entry.name() == name)
    }

    pub(super) fn find(&mut self, name: &str) -> Option<&mut Entry<K, S>> {
        self.entries.iter_mut().find(|entry| &**entry.name() == name)
    }

    pub(super) fn is_last(&self) -> bool {
        self.entries.len() == 1
    }

    /// Takes a member away, of which nothing is told from then on.
    pub(super) fn remove_at(&mut self, index: usize) -> Name {
        let entry = self.entries.remove(index);
        entry.availability.retire();
        let name = entry.name().clone();
        // Who is chosen by hand is a member; one of the same name that joins later is another.
        self.pin.take_if(|pin| pin.name == name);
        name
    }

    pub(super) fn pin(&mut self, name: Name, until: Option<Instant>) {
        self.pin = Some(Pin { name, until });
    }

    pub(super) fn unpin(&mut self) {
        self.pin = None;
    }

    pub(super) fn pinned(&self) -> Option<&Name> {
        self.pin.as_ref().map(|pin| &pin.name)
    }

    /// Until when the choice by hand stands; `None` for ever.
    pub(super) fn pinned_until(&self) -> Option<Instant> {
        self.pin.as_ref().and_then(|pin| pin.until)
    }

    /// Lets the clock move what it moves: circuits, drains and pins.
    pub(super) fn tick(&mut self, now: Instant) {
        let passed = |until: Option<Instant>| until.is_some_and(|until| until <= now);
        self.pin.take_if(|pin| passed(pin.until));
        for entry in &mut self.entries {
            entry.drained.take_if(|until| passed(*until));
            if passed(entry.availability.view().next_change_at()) {
                entry.availability.signal(crate::Signal::Tick);
            }
        }
    }

    /// When [`tick`](Self::tick) next has something to do.
    pub(super) fn next_change_at(&self) -> Option<Instant> {
        let pin = self.pin.as_ref().and_then(|pin| pin.until);
        let entries = self.entries.iter().flat_map(|entry| {
            [entry.drained.flatten(), entry.availability.view().next_change_at()].into_iter().flatten()
        });
        entries.chain(pin).min()
    }

    /// Whether a member that joined was found healthy by its first verdict; each is told once. One that was not must
    /// wait for the fallback like any other.
    pub(super) fn has_arrived(&mut self) -> bool {
        let mut any = false;
        for entry in &mut self.entries {
            let standing = entry.standing();
            if entry.arriving && standing.judged {
                entry.arriving = false;
                any |= standing.preference == Some(Preference::Healthy);
            }
        }
        any
    }

    /// Takes what a log line is due for now (B51).
    pub(super) fn troubled(&mut self, active: Option<usize>, now: Instant) -> Vec<(Name, View)> {
        let entries = self.entries.iter_mut().enumerate();
        let due = entries.filter_map(|(index, entry)| {
            let view = entry.view();
            let due = view.is_trouble(active == Some(index)) && entry.reminder.is_due(now);
            due.then(|| {
                entry.reminder.told(now);
                (entry.name().clone(), view)
            })
        });
        due.collect()
    }

    /// When [`troubled`](Self::troubled) next has something to give, as far as the clock alone is concerned.
    pub(super) fn next_told_at(&self, active: Option<usize>) -> Option<Instant> {
        let entries = self.entries.iter().enumerate();
        let in_trouble = entries.filter(|(index, entry)| entry.view().is_trouble(active == Some(*index)));
        in_trouble.filter_map(|(_, entry)| entry.reminder.next_at()).min()
    }

    /// Another log line has told of this one already.
    pub(super) fn was_told(&mut self, index: usize, now: Instant) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.reminder.told(now);
        }
    }

    pub(super) fn standings(&self) -> Vec<Standing> {
        self.entries.iter().map(Entry::standing).collect()
    }
}

impl<K, S> Entry<K, S> {
    pub(super) fn name(&self) -> &Name {
        self.availability.name()
    }

    pub(super) fn view(&self) -> View {
        self.availability.view()
    }

    pub(super) fn is_drained(&self) -> bool {
        self.drained.is_some()
    }

    /// What snapshots tell of it, besides what is read when one is taken.
    pub(super) fn listed(&self) -> Listed {
        let (availability, weight) = (self.availability.clone(), self.weight);
        Listed { availability, weight, drained: self.drained }
    }

    pub(super) fn drain(&mut self, until: Option<Instant>) {
        self.drained = Some(until);
    }

    pub(super) fn undrain(&mut self) {
        self.drained = None;
    }

    /// Neither drained nor forced open: it is to serve when it can.
    pub(super) fn is_wanted(&self) -> bool {
        !self.is_drained() && !self.view().circuit.forced
    }

    fn standing(&self) -> Standing {
        let view = self.view();
        let in_use = !self.is_drained();
        Standing {
            name: self.name().clone(),
            weight: self.weight,
            available: in_use && view.is_available(),
            preference: view.preference().filter(|_| in_use),
            last_resort: view.last_resort().filter(|_| in_use),
            judged: !view.checked || view.verdict != Verdict::Unknown || view.evidence.is_some(),
            wanted: self.is_wanted(),
        }
    }
}
