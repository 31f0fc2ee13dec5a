//! What came of a herd's story.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::Scale;

/// What was seen of a herd.
#[derive(Debug, Clone)]
pub struct Report {
    /// How large it was.
    pub scale: Scale,
    /// How many had the primary before it was lost.
    pub at_first: usize,
    /// How long after the loss the last client had left the primary, if all did.
    pub left: Option<Duration>,
    /// How long after the primary's return the last client moved before all was quiet: with room for all, when all were
    /// back. `None` if that never came.
    pub steady: Option<Duration>,
    /// How many have the primary at the end.
    pub at_primary: usize,
    /// How many connections the primary has at the end, that of who counts them included.
    pub connected: u64,
    /// Dials in a second before the loss, on average.
    pub calm_dials: f64,
    /// Dials in the worst second from the return until all was quiet.
    pub peak_dials: f64,
    /// Dials in a second afterwards, on average.
    pub steady_dials: f64,
    /// How often a client left the primary that had returned.
    pub second_evictions: usize,
    /// Clients without one answer in the last watch.
    pub unserved: usize,
    /// Calls that were answered, in all.
    pub answered: u64,
    /// What calls that failed were told, though each of them may be repeated.
    pub errors: Vec<String>,
    /// Calls that never ended.
    pub hung: u64,
}

/// Dials in a second for each client, when the primary is back: health checks are spread over up to 5 s, connections
/// for commands over 2 s from when those have passed.
const PEAK: f64 = 1.0;
/// What chance adds to that in the worst second of a herd, for the square root of its size: three standard deviations of a
/// number of independent dials.
const BY_CHANCE: f64 = 3.0;
/// Dials in a second of each client that has no connection: up to 5 s lie between two, 2.5 s on average.
const WITHOUT_CONNECTION: f64 = 0.5;
/// Dials in a second of each client whose health checks have no connection of their own: 1 s lies between two at first,
/// and up to 30 s in the end.
const WITH_ONE: f64 = 0.2;

/// The share of clients that may see an error. Here all of them live on two threads, and when a thousand move at once,
/// one may have spent its repeats before it was its turn to choose.
const SPENT: f64 = 0.01;

impl Report {
    /// The dials in a second that are allowed once all is quiet.
    #[must_use]
    pub fn steady_bound(&self) -> f64 {
        if self.scale.has_room() {
            // Nobody has a reason to dial.
            return 0.0;
        }
        let without = self.scale.clients - self.at_primary;
        without as f64 * WITHOUT_CONNECTION + self.at_primary as f64 * WITH_ONE
    }

    /// The dials that are allowed in the worst second.
    fn peak_bound(&self) -> f64 {
        let clients = self.scale.clients as f64;
        clients * PEAK + clients.sqrt() * BY_CHANCE
    }

    /// What must not be; empty if all is well.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let Self { scale, left, steady, at_primary, second_evictions, unserved, errors, hung, .. } = self;
        let clients = scale.clients;
        let spent = (clients as f64 * SPENT) as usize;
        let checks = [
            (left.is_none(), "not all have left the lost primary".to_owned()),
            (steady.is_none(), "they never settled".to_owned()),
            (*at_primary < scale.connected(), format!("only {at_primary} are at the primary")),
            (*second_evictions > 0, format!("the returned primary was left {second_evictions} times")),
            (*unserved > 0, format!("{unserved} clients are not served")),
            (errors.len() > spent, format!("{} errors, the first: {}", errors.len(), first(errors))),
            (*hung > 0, format!("{hung} calls hung")),
            (self.peak_dials > self.peak_bound(), format!("{:.0} dials in a second", self.peak_dials)),
            (self.steady_dials > self.steady_bound(), format!("{:.1} dials/s go on", self.steady_dials)),
        ];
        checks.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, what)| what).collect()
    }

    /// The same for machines; times in seconds.
    #[must_use]
    pub fn json(&self) -> Value {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        json!({
            "clients": self.scale.clients,
            "maxclients": self.scale.maxclients,
            "has_room": self.scale.has_room(),
            "at_primary_first": self.at_first,
            "left_s": seconds(self.left),
            "steady_s": seconds(self.steady),
            "at_primary": self.at_primary,
            "connections": self.connected,
            "calm_dials_per_s": self.calm_dials,
            "peak_dials_per_s": self.peak_dials,
            "steady_dials_per_s": self.steady_dials,
            "second_evictions": self.second_evictions,
            "unserved": self.unserved,
            "answered": self.answered,
            "errors": self.errors.len(),
            "hung": self.hung,
            "violations": self.violations(),
        })
    }
}

fn first(errors: &[String]) -> &str {
    errors.first().map_or("", String::as_str)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: Option<Duration>| match time {
            Some(time) => format!("{:.2} s", time.as_secs_f64()),
            None => "never".to_owned(),
        };
        let Self { scale, at_first, at_primary, connected, second_evictions, unserved, .. } = self;
        let Scale { clients, maxclients, watch, .. } = scale;
        let watch = watch.as_secs();
        writeln!(f, "{clients} clients, room for {maxclients} connections at the primary")?;
        writeln!(f, "  at the primary before it is lost      {at_first:>10}")?;
        writeln!(f, "  dials a second then, on average       {:>10.1}", self.calm_dials)?;
        writeln!(f, "  all have left the lost primary after  {:>10}", time(self.left))?;
        writeln!(f, "  last move after its return            {:>10}", time(self.steady))?;
        writeln!(f, "  at the primary at the end             {at_primary:>10}   on {connected} connections")?;
        writeln!(f, "  dials in the worst second             {:>10.0}", self.peak_dials)?;
        writeln!(f, "  dials a second in the last {watch:>3} s      {:>10.1}", self.steady_dials)?;
        writeln!(f, "  second evictions                      {second_evictions:>10}")?;
        writeln!(f, "  clients that are not served           {unserved:>10}")?;
        writeln!(f, "  calls answered                        {:>10}", self.answered)?;
        writeln!(
            f,
            "  errors                                {:>10}   {}",
            self.errors.len(),
            first(&self.errors)
        )?;
        write!(f, "  hung calls                            {:>10}", self.hung)
    }
}
