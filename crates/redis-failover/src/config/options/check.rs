//! Which values of the options can be used.

use std::collections::HashSet;
use std::sync::Arc;

use tower_failover::failure_detector::InvalidThresholds;

use super::super::times::{length, timeout};
use super::Options;

impl Options {
    /// The first option that was said although only a database that we dial ourselves heeds it.
    pub(in crate::config) fn of_dialling(&self) -> Option<&'static str> {
        let said = [
            ("connect_timeout", self.connect_timeout.is_some()),
            ("redial_spread", self.redial_spread.is_some()),
            ("standby", self.standby.is_some()),
            ("dedicated_connections", self.dedicated_connections.is_some()),
            ("client_name", self.client_name.is_some()),
        ];
        said.into_iter().find_map(|(option, said)| said.then_some(option))
    }

    /// The first value that cannot be used, by its option's name.
    pub(in crate::config) fn check(&self) -> Result<(), (&'static str, String)> {
        let invalid = |option, reason: &str| Err((option, reason.to_owned()));
        let must_last = [
            ("health_check_interval", self.health_check_interval),
            ("health_check_probe_timeout", self.health_check_probe_timeout),
            ("failures_detection_window", self.failures_detection_window),
            ("half_open_timeout", self.half_open_timeout),
            ("response_timeout", self.response_timeout),
            ("connect_timeout", self.connect_timeout),
            ("suspicion", self.suspicion.map(|suspicion| suspicion.timeout)),
            (
                "suspicion",
                self.suspicion.filter(|suspicion| !suspicion.is_off()).map(|suspicion| suspicion.after),
            ),
            ("redial_backoff", self.redial_backoff.map(|backoff| backoff.limit(0))),
        ];
        let may_be_zero = [
            ("health_check_delay", self.health_check_delay),
            ("grace_period", self.grace_period),
            ("down_after", self.down_after),
            ("unserviceable_after", self.unserviceable_after),
            ("flap_window", self.flap_window),
            ("redial_spread", self.redial_spread),
            ("redial_backoff", self.redial_backoff.map(|backoff| backoff.limit(u32::MAX))),
            ("suspicion", self.suspicion.map(|suspicion| suspicion.spacing)),
        ];
        let must_last = must_last.into_iter().map(|(option, time)| (option, time.map(timeout)));
        let may_be_zero = may_be_zero.into_iter().map(|(option, time)| (option, time.map(length)));
        for (option, checked) in must_last.chain(may_be_zero) {
            checked.unwrap_or(Ok(())).map_err(|reason| (option, reason.to_owned()))?;
        }
        let counts = [
            ("health_check_probes", self.health_check_probes),
            ("trial_calls", self.trial_calls),
            ("max_grace_factor", self.max_grace_factor),
            ("dedicated_connections", self.dedicated_connections),
        ];
        if let Some((option, _)) = counts.into_iter().find(|(_, count)| *count == Some(0)) {
            return invalid(option, "it is zero; one is the least");
        }
        if self.health_check_jitter.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return invalid("health_check_jitter", "it is not a share from 0 to 1");
        }
        if let Err(error) = self.thresholds() {
            let option = match error {
                InvalidThresholds::WindowTooShort => "failures_detection_window",
                _ => "failure_rate_threshold",
            };
            return invalid(option, &error.to_string());
        }
        if self.client_name.as_ref().is_some_and(|name| !is_client_name(name)) {
            return invalid("client_name", "it is not printable ASCII without spaces");
        }
        self.check_health_checks().map_err(|reason| ("health_checks", reason))
    }

    fn check_health_checks(&self) -> Result<(), String> {
        let mut names = HashSet::new();
        for check in self.health_checks() {
            if !names.insert(Arc::clone(check.name())) {
                return Err(format!("two of them are named {}; give each a name of its own", check.name()));
            }
            check.validate().map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// What `CLIENT SETNAME` accepts.
fn is_client_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}
