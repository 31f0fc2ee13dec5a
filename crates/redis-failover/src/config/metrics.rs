//! Whether a client is measured.

use super::MultiDbConfig;
use crate::metrics::Metrics;

impl MultiDbConfig {
    /// Records [`metrics`](crate::metrics); without this, nothing is measured (B52).
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }
}
