//! What one machine cannot show, computed: fleets that fail over and come back, distances, probes, repeats.
//!
//! Every number follows from the product's own settings, read out of its types, and from its own backoff and jitter,
//! seeded; so the same tables come out each time. `docs/performance_plan.md` has them, with what is assumed, and a test
//! holds it to them.
//!
//! # Layout
//!
//! - `fleet`: clients that come back to a server
//! - `server`: a server that shakes so many hands a second
//! - `arrivals`: what the server saw. Pure
//! - `formulas`: what needs no simulation
//! - `tables`: all of it, as the document has it

mod arrivals;
mod fleet;
mod formulas;
mod server;
mod tables;

fn main() {
    for table in tables::all() {
        println!("{table}");
    }
}
