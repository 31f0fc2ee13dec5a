//! The options that have one value each: a field, a method of both configurations, and a key in text.

/// Calls `$what` with all of them. Whoever does so knows their types by these names.
macro_rules! each_option {
    ($what:ident) => {
        $what! {
            /// From the end of one round of health checks to the next (5 s).
            health_check_interval: Duration,
            /// By which share of itself the interval varies, both ways, so that a fleet does not ask in step (0.1).
            health_check_jitter: f64,
            /// Probes in a round (3).
            health_check_probes: u32,
            /// Between two probes of a round (500 ms).
            health_check_delay: Duration,
            /// How long one probe may take (1 s). redis-py's `health_check_timeout` bounds the whole check instead, so
            /// that one hung probe defeats two of its policies.
            health_check_probe_timeout: Duration,
            /// How many failures trip a database, if the rate is passed too (1000); 0 switches this condition off.
            min_num_failures: u64,
            /// Which share of calls must fail (0.1); 0 switches this condition off.
            failure_rate_threshold: f64,
            /// Within which time failures count (2 s; at least 10 ms).
            failures_detection_window: Duration,
            /// Which kinds of failures count for the thresholds (all): see [`failures`](crate::classify::failures).
            /// Others do not, and neither do calls that are given up (B14); they are told, and raise a suspicion, all
            /// the same.
            failure_kinds: Kinds,
            /// How long a database may answer that it cannot serve (READONLY, LOADING, …), with no command of the same
            /// kind served in between, before it is left however few commands there are (10 s; zero leaves it at the
            /// first such answer; 20 s for a cluster; B59).
            /// [`down_after`](Self::down_after) holds too, if it is longer.
            unserviceable_after: Duration,
            /// When a silent database is asked (`suspect_after`, 100 ms), and how long it then has to answer
            /// (`suspicion_timeout`, 1 s; B17).
            suspicion: Suspicion,
            /// How long a database must have been healthy without a break before it may be chosen again; without health
            /// checks, how long its circuit stays open (60 s; B9).
            grace_period: Duration,
            /// How long a failure must hold without a success before it takes effect (0; 5–15 s for databases with a
            /// high availability of their own; B8).
            down_after: Duration,
            /// How long a half-open circuit may be tried before it opens again (10 s; B10).
            half_open_timeout: Duration,
            /// How many calls are tried, and must succeed, before a database without health checks is trusted again (3;
            /// B9).
            trial_calls: u32,
            /// A database that is lost again this soon after it became active has flapped, and its grace period doubles
            /// (10 min; zero switches that off; B39).
            flap_window: Duration,
            /// How many times the grace period flapping can make of it (8; B39).
            max_grace_factor: u32,
            /// How long one attempt may take (500 ms; B34).
            response_timeout: Duration,
            /// How long DNS, connecting and the handshake may take together (5 s; B36).
            connect_timeout: Duration,
            /// By how much the redials of standbys are spread after a failure (2 s; B36).
            redial_spread: Duration,
            /// The waits between failed dials, and between the rounds of a health check that fails (100 ms doubling to
            /// 5 s, full jitter; B36).
            redial_backoff: Backoff,
            /// Whether a database is connected to before a command needs it (warm, so that a switch dials nothing;
            /// B36).
            standby: Standby,
            /// How many connections to a database may be made for blocking commands and transactions, beside the one
            /// that all other commands share (128; B48, B49).
            dedicated_connections: u32,
        }
    };
}
pub(in crate::config) use each_option;
