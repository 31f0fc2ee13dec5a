//! One answer.

use std::time::Duration;

/// What one call gets, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<Response, Error> {
    pub(super) latency: Duration,
    /// None never comes.
    pub(super) answer: Option<Result<Response, Error>>,
}

impl<Response, Error> Step<Response, Error> {
    /// A response, at once.
    pub fn reply(response: Response) -> Self {
        Self { latency: Duration::ZERO, answer: Some(Ok(response)) }
    }

    /// An error, at once.
    pub fn fail(error: Error) -> Self {
        Self { latency: Duration::ZERO, answer: Some(Err(error)) }
    }

    /// No answer, ever.
    #[must_use]
    pub fn hang() -> Self {
        Self { latency: Duration::ZERO, answer: None }
    }

    /// The same answer, so long after the call, by tokio's clock.
    #[must_use]
    pub fn after(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }
}
