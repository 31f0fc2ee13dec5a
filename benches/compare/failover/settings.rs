//! Which settings of ours a run has.

use std::time::Duration;

use redis_failover::{Backoff, MultiDbConfig, Suspicion};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settings {
    Default,
    Fast,
    Tuned,
}

impl Settings {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "defaults",
            Self::Fast => "Suspicion::fast()",
            Self::Tuned => "tuned",
        }
    }

    pub(crate) fn apply(self, config: MultiDbConfig) -> MultiDbConfig {
        let millis = Duration::from_millis;
        match self {
            Self::Default => config,
            Self::Fast => config.suspicion(Suspicion::fast()),
            Self::Tuned => config
                .suspicion(Suspicion { after: millis(50), timeout: millis(100), ..Suspicion::default() })
                .health_check_interval(millis(500))
                .health_check_probes(1)
                .min_num_failures(3)
                .failures_detection_window(Duration::from_secs(1))
                .command_retry(3, Backoff::new(millis(5), Duration::from_secs(1)))
                .auto_fallback_interval(Some(Duration::from_secs(1)))
                .grace_period(Duration::ZERO),
        }
    }
}
