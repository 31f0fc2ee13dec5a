//! What people order, and what comes of the rounds of checks it takes.

use tokio::time::Instant;

use super::Course;
use crate::availability::{Finding, Signal, Verdict};
use crate::balance::handle::{ManageError, Order, Wish};
use crate::balance::select::Occasion;
use crate::event::{Event, Name, SwitchReason};

pub(super) type Answer = (Reply, Result<(), ManageError>);

type Reply = tokio::sync::oneshot::Sender<Result<(), ManageError>>;

/// What a requested round of checks is for.
pub(super) enum Purpose {
    Fallback,
    Activate { until: Option<Instant>, reply: Reply },
}

impl<K, S> Course<K, S> {
    pub(super) fn obey(&mut self, Order { member, wish, reply }: Order) -> Option<Occasion> {
        let Some(name) = member else {
            self.members.unpin();
            self.answers.push((reply, Ok(())));
            return None;
        };
        let Some(entry) = self.members.find(&name) else {
            self.answers.push((reply, Err(ManageError::UnknownMember(name))));
            return None;
        };
        let mut occasion = None;
        match wish {
            Wish::Activate { force: false, until } => {
                let round = entry.availability.request_round();
                let purpose = Purpose::Activate { until, reply };
                self.rounds.push(Box::pin(async move { (name, purpose, round.await.ok()) }));
                return None;
            }
            Wish::Activate { force: true, until } => {
                let result = self.activate(name, until);
                self.answers.push((reply, result));
                return None;
            }
            Wish::Remove => {
                let result = self.remove(name);
                self.answers.push((reply, result));
                return None;
            }
            Wish::Unpin => self.members.unpin(),
            Wish::Find => {}
            Wish::Drain { until } => entry.drain(until),
            Wish::Undrain => entry.undrain(),
            // Nothing would become of it.
            Wish::Trip { .. } if !entry.view().guarded => {
                self.answers.push((reply, Err(ManageError::NoCircuit(name))));
                return None;
            }
            Wish::Trip { until, drill } => entry.availability.signal(Signal::Force { until, drill }),
            Wish::Release => entry.availability.signal(Signal::Release),
            Wish::SetWeight(weight) => {
                entry.weight = weight;
                occasion = Some(SwitchReason::Weight);
            }
        }
        self.answers.push((reply, Ok(())));
        occasion
    }

    /// A choice by hand closes the circuit with a fresh window (B38).
    fn activate(&mut self, name: Name, until: Option<Instant>) -> Result<(), ManageError> {
        let Some(entry) = self.members.find(&name) else { return Err(ManageError::UnknownMember(name)) };
        let view = entry.view();
        // Nothing is there to be closed, so that its verdict goes on speaking against it.
        if !view.guarded && view.verdict == Verdict::Unhealthy {
            return Err(ManageError::NoCircuit(name));
        }
        entry.undrain();
        entry.availability.signal(Signal::Release);
        entry.availability.signal(Signal::Close);
        self.members.pin(name, until);
        Ok(())
    }

    fn remove(&mut self, name: Name) -> Result<(), ManageError> {
        let Some(index) = self.members.index_of(&name) else { return Err(ManageError::UnknownMember(name)) };
        if self.members.is_last() {
            return Err(ManageError::LastMember(name));
        }
        let member = self.members.remove_at(index);
        self.config.events.emit(Event::MemberRemoved { member });
        Ok(())
    }

    pub(super) fn round_ended(
        &mut self,
        (name, purpose, finding): (Name, Purpose, Option<Finding>),
    ) -> Option<Occasion> {
        let checked = self.members.find(&name).is_some_and(|entry| entry.view().checked);
        let passed = match &finding {
            Some(finding) => matches!(finding.verdict, Verdict::Healthy) || !checked,
            None => false,
        };
        match purpose {
            Purpose::Fallback => passed.then_some(SwitchReason::Fallback),
            Purpose::Activate { until, reply } if passed => {
                let result = self.activate(name, until);
                self.answers.push((reply, result));
                None
            }
            Purpose::Activate { reply, .. } => {
                let evidence = finding.and_then(|finding| finding.evidence);
                self.answers.push((reply, Err(ManageError::Unhealthy { member: name, evidence })));
                None
            }
        }
    }
}
