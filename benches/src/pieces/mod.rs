//! What a command passes through, piece by piece, each small enough to be measured by itself.
//!
//! The pieces are called as a task calls them, but without a runtime around: a call that is pending is looked at again
//! at once. So a figure is that of the piece alone, and the same instructions are executed in every run.

mod classification;
mod client;
mod command;
mod layers;
mod selection;
mod window;

use std::fmt;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

/// Something that can be done any number of times. It owns all that it needs.
pub type Work = Box<dyn FnMut(u64)>;

/// One piece, to be made ready when it is wanted.
#[derive(Clone, Copy)]
pub struct Piece {
    /// As it is called in tables; no other piece is called so.
    pub name: &'static str,
    make: fn() -> Work,
}

impl Piece {
    const fn new(name: &'static str, make: fn() -> Work) -> Self {
        Self { name, make }
    }

    /// All that has to be there before it can be measured.
    ///
    /// ```
    /// for piece in benches::pieces::all() {
    ///     let mut work = piece.make();
    ///     work(10);
    /// }
    /// ```
    ///
    /// # Panics
    /// If it cannot be set up.
    #[must_use]
    pub fn make(&self) -> Work {
        (self.make)()
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Piece").field(&self.name).finish()
    }
}

/// The layers of `tower-failover`, alone and together, on a service that is pending once.
pub const LAYERS: &[Piece] = &layers::PIECES;
/// The failure detector's window.
pub const WINDOW: &[Piece] = &window::PIECES;
/// Who is chosen, and how a change is noticed.
pub const SELECTION: &[Piece] = &selection::PIECES;
/// What is found out about a command before it is sent.
pub const COMMAND: &[Piece] = &command::PIECES;
/// What is found out about a reply or an error.
pub const CLASSIFICATION: &[Piece] = &classification::PIECES;
/// A command through everything but a connection.
pub const CLIENT: &[Piece] = &client::PIECES;

/// All of them, in the order of the tables.
pub fn all() -> impl Iterator<Item = Piece> {
    [CLIENT, LAYERS, WINDOW, SELECTION, COMMAND, CLASSIFICATION].into_iter().flatten().copied()
}

/// One thread, on which tasks run only while something is waited for.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// Looks at a future until it is ready. Whatever is measured here is ready at the second look.
#[inline]
fn finish<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    for _ in 0..3 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("a call that nothing holds up is still pending");
}

/// Calls a service so many times.
#[inline]
fn call<S: Service<()>>(service: &mut S, calls: u64) {
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..calls {
        // Or else nothing would be left of a service that does nothing at all.
        let service = black_box(&mut *service);
        let is_ready = matches!(service.poll_ready(&mut context), Poll::Ready(Ok(())));
        assert!(is_ready && finish(service.call(())).is_ok(), "a call failed");
    }
}
