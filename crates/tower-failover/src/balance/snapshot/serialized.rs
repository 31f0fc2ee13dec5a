//! How snapshots are written down. No secret is in them: names, numbers, and what checks said.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use tokio::time::{Duration, Instant};

use super::{MemberSnapshot, Snapshot, Switch};
use crate::availability::{CallCounts, CircuitStatus, Evidence, LastError, OpenReason, View};
use crate::balance::outage::OutageStatus;
use crate::event::SwitchReason;

/// Writes these fields as one object.
macro_rules! object {
    ($serializer:expr, $name:literal, { $($field:ident: $value:expr,)+ }) => {{
        let length = [$(stringify!($field)),+].len();
        let mut object = $serializer.serialize_struct($name, length)?;
        $(object.serialize_field(stringify!($field), &$value)?;)+
        object.end()
    }};
}

/// Something told as it was at this moment.
struct At<T>(Instant, T);

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = self.taken_at;
        let switches: Vec<_> = self.switches.iter().map(|switch| At(at, switch)).collect();
        object!(serializer, "Snapshot", {
            active: self.active.as_deref(),
            version: self.version,
            pinned: self.pinned.as_deref(),
            pinned_left_ms: left(self.pinned_until, at),
            outage: self.outage,
            members: self.members,
            switches: switches,
        })
    }
}

impl Serialize for MemberSnapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (view, at) = (&self.view, self.taken_at);
        object!(serializer, "MemberSnapshot", {
            name: &*self.name,
            weight: self.weight.get(),
            active: self.active,
            available: view.is_available(),
            unavailable_for_ms: view.unavailable_since.map(|since| since_ms(since, at)),
            unavailable_because: view.why().filter(|_| !view.is_available()).map(OpenReason::as_str),
            pinned: self.pinned,
            drained: self.drained,
            drained_left_ms: left(self.drained_until, at),
            verdict: view.verdict.as_str(),
            evidence: view.evidence.as_ref().map(Evidence::to_string),
            checked: view.checked,
            suspected: view.suspected,
            next_probe_in_ms: left(self.next_probe_at, at),
            circuit: circuit(view).map(|circuit| At(at, circuit)),
            grace_left_ms: self.grace_left().map(millis),
            forced_left_ms: self.forced_left().map(millis),
            last_error: self.last_error.as_ref().map(|error| At(at, error)),
            calls: self.calls,
            open_connections: self.open_connections,
        })
    }
}

impl Serialize for At<&CircuitStatus> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(at, circuit) = self;
        object!(serializer, "Circuit", {
            state: circuit.state.as_str(),
            for_ms: since_ms(circuit.since, *at),
            reason: circuit.reason.map(OpenReason::as_str),
            forced: circuit.forced,
        })
    }
}

impl Serialize for At<&LastError> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(at, error) = self;
        object!(serializer, "LastError", {
            reason: error.reason.as_str(),
            evidence: error.evidence.as_ref().map(Evidence::to_string),
            ago_ms: since_ms(error.at, *at),
        })
    }
}

impl Serialize for At<&Switch> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(at, switch) = self;
        let (reason, because) = match switch.reason {
            SwitchReason::Unavailable(reason) => ("unavailable", Some(reason.as_str())),
            SwitchReason::Initial => ("initial", None),
            SwitchReason::Fallback => ("fallback", None),
            SwitchReason::Manual => ("manual", None),
            SwitchReason::Weight => ("weight", None),
            SwitchReason::Removed => ("removed", None),
            SwitchReason::Drained => ("drained", None),
            SwitchReason::Recovered => ("recovered", None),
        };
        object!(serializer, "Switch", {
            from: switch.from.as_deref(),
            to: &*switch.to,
            reason: reason,
            unavailable_because: because,
            ago_ms: since_ms(switch.at, *at),
            version: switch.version,
            took_ms: switch.took.map(millis),
        })
    }
}

impl Serialize for CallCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        object!(serializer, "CallCounts", {
            retries: self.retries,
            ended: self.ended,
            ambiguous: self.ambiguous,
        })
    }
}

impl Serialize for OutageStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        object!(serializer, "Outage", {
            lasted_ms: millis(self.lasted),
            attempt: self.attempt,
            retry_in_ms: millis(self.retry_after),
            is_permanent: self.is_permanent,
        })
    }
}

/// `None` for a member without a breaker.
fn circuit(view: &View) -> Option<&CircuitStatus> {
    view.guarded.then_some(&view.circuit)
}

fn left(until: Option<Instant>, at: Instant) -> Option<u64> {
    until.map(|until| millis(until.saturating_duration_since(at)))
}

fn since_ms(since: Instant, at: Instant) -> u64 {
    millis(at.saturating_duration_since(since))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
