//! A few seeds of the simulation; see `tests::simulation`, and the command `simulate` for many.

use tests::simulation::{campaign::Campaign, report::Report};
use tokio::time::Instant;

#[test]
fn what_must_hold_does_in_every_simulated_history() {
    let campaign = Campaign { seeds: 0..6, threads: 2, twice: false };
    let begun = Instant::now();
    let report = Report::of(campaign.run(|_, _| {}), begun.elapsed());
    assert!(report.holds(), "{}{:#?}", report.text(), report.violations());
}
