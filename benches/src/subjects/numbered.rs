//! The layers with few and with many members, clones, and calls in the window.

use tokio::runtime::Runtime;
use tokio::time::Duration;
use tower_failover::{FailureDetectorLayer, Sweeper, Thresholds};
use tower_layer::Layer;

use super::crowd::Crowd;
use crate::noop::Noop;
use crate::stack::{MemberLayers, all_layers};
use crate::subject::{Length, Subject};

/// The names of those that are to cost the same: of each group all as much as the first.
pub const NUMBERED: [&[&str]; 3] =
    [&["2 members", "10 members", "100 members"], &["1 clone", "100 clones", "10000 clones"], &WINDOW];

/// The group that takes long: its calls must be made first.
pub const WINDOW: [&str; 3] =
    ["10 calls in the window", "100000 calls in the window", "10000000 calls in the window"];

/// The subject of such a name: a number, and what there are so many of.
pub(super) fn subject(runtime: &Runtime, name: &str) -> Option<Subject> {
    let name = NUMBERED.iter().copied().flatten().find(|known| **known == name)?;
    let (number, what) = name.split_once(' ')?;
    let number: usize = number.parse().ok()?;
    let _entered = runtime.enter();
    Some(match what {
        "members" => Subject::new(name, all_layers::<true>(number).0),
        "clone" | "clones" => {
            let clones = Subject::new(name, Crowd::new(&all_layers::<true>(2).0, number));
            // A new clone finds the active member first, which is no part of its later calls.
            let _ = clones.run(runtime, Length::Calls(number as u64));
            clones
        }
        _ => window(runtime, name, number as u64),
    })
}

/// A detector with so many calls in a window that is too long to forget them.
fn window(runtime: &Runtime, name: &'static str, calls: u64) -> Subject {
    let layers = MemberLayers::new("active", &Sweeper::spawn());
    let long = Thresholds::new(1000, 0.1, Duration::from_secs(3600)).expect("thresholds");
    let detector = FailureDetectorLayer::new(layers.availability.clone()).thresholds(long);
    // The clock stands: it is the calls that are counted, not the looks at the clock.
    let detector = detector.clock(Sweeper::spawn().clock());
    let filling = Subject::new("filling", detector.layer(Noop::<false>));
    let made = filling.run(runtime, Length::Calls(calls)).made;
    assert_eq!(detector.counts().successes, made, "the window holds them all");
    Subject::new(name, detector.layer(Noop::<true>))
}
