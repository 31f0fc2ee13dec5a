//! How long probes take.

use metrics::Label;
use tower_failover::health::ProbeReport;

use super::names;
use super::recording::{Metrics, database};

impl Metrics {
    /// Records one probe of a database.
    pub(crate) fn probed(&self, report: &ProbeReport<'_>) {
        let verdict = report.finding.verdict.as_str();
        let labels = [
            database(report.member),
            Label::new(names::CHECK, report.check.to_string()),
            Label::from_static_parts(names::PROBE_VERDICT, verdict),
        ];
        self.histogram(names::PROBE_DURATION, labels).record(report.took);
    }
}
