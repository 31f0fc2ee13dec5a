//! What each budget asks, in words, and which belong together.

/// Budgets that are measured together.
pub(super) struct Part {
    pub(super) title: &'static str,
    /// By the names of their pictures.
    pub(super) pictures: &'static [&'static str],
    pub(super) budgets: &'static [Budget],
}

pub(super) struct Budget {
    pub(super) number: &'static str,
    pub(super) asks: &'static str,
}

const fn budget(number: &'static str, asks: &'static str) -> Budget {
    Budget { number, asks }
}

/// In the order of the page.
pub(super) const PARTS: [Part; 5] = [
    Part {
        title: "Throughput, and what a command costs",
        pictures: &["callers"],
        budgets: &[
            budget("P1", "Commands a second, beside redis-rs with its defaults in the same run"),
            budget("P2", "The processor's time and the instructions of a command, beside redis-rs"),
            budget("P3", "Allocations of a command"),
            budget("P12", "Pipelines of 100 commands, beside redis-rs"),
        ],
    },
    Part {
        title: "The layers alone",
        pictures: &["cost-instructions", "cost-nanoseconds"],
        budgets: &[
            budget("P4", "All layers together, on a service that does nothing and is pending once"),
            budget("P9", "The same cost however many databases, clones, and calls in the window there are"),
        ],
    },
    Part {
        title: "Failover",
        pictures: &["failover-sigkill", "failover-sigstop"],
        budgets: &[
            budget("P5", "The primary is killed: from there to the first success on the secondary"),
            budget("P6", "The primary is stopped, or its link swallows everything"),
            budget("P7", "The same without traffic and without a subscriber"),
            budget("P11", "The primary is back: from there to where it is active again"),
        ],
    },
    Part {
        title: "Messages",
        pictures: &[],
        budgets: &[budget("P8", "For how long a subscriber hears nothing, and what it misses")],
    },
    Part {
        title: "At rest",
        pictures: &[],
        budgets: &[budget("P10", "What a client costs that nobody uses")],
    },
];
