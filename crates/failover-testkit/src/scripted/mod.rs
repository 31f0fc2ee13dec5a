//! Scripted Tower services, for the tests of layers.
//!
//! A [`ScriptedService`] answers with the [`Step`]s it was told, or with what a closure decides; its
//! [`Script`] sets its readiness and shows what was asked of it.

mod future;
mod script;
mod step;

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use tower_service::Service;

pub use self::{future::ResponseFuture, script::Script, step::Step};

/// A service whose answers are known in advance.
///
/// # Clone
///
/// Clones follow the same script: steps, readiness, log and counters are shared.
///
/// ```
/// use std::time::Duration;
/// use failover_testkit::scripted::{ScriptedService, Step};
/// use tower_service::Service;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (mut service, script) = ScriptedService::new(|request: &u32| Step::reply(request + 1));
/// script.next(Step::fail("refused").after(Duration::from_millis(1)));
///
/// assert_eq!(service.call(1).await, Err("refused"));
/// assert_eq!(service.call(1).await, Ok(2));
/// assert_eq!(script.calls(), [1, 1]);
/// # }
/// ```
#[derive(Debug)]
pub struct ScriptedService<Request, Response, Error> {
    script: Script<Request, Response, Error>,
}

impl<Request, Response, Error> ScriptedService<Request, Response, Error> {
    /// A ready service whose answers `decide` makes, except for the steps the script is given.
    pub fn new(
        decide: impl Fn(&Request) -> Step<Response, Error> + Send + Sync + 'static,
    ) -> (Self, Script<Request, Response, Error>) {
        let script = Script::new(Arc::new(decide));
        (Self { script: script.clone() }, script)
    }
}

impl<Request, Response, Error> Clone for ScriptedService<Request, Response, Error> {
    fn clone(&self) -> Self {
        Self { script: self.script.clone() }
    }
}

impl<Request: Clone, Response, Error: Clone> Service<Request> for ScriptedService<Request, Response, Error> {
    type Response = Response;
    type Error = Error;
    type Future = ResponseFuture<Response, Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.script.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.script.answer(request)
    }
}
