//! What the outcome of a call says about the member that ran it.

/// What a finished call says about the member that ran it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The member answered. An error reply is an answer too, if the member could serve others.
    Success,
    /// The member did not answer, or said that it cannot serve.
    Failure,
    /// Says nothing about the member: cancelled by the caller, refused on our side, bad arguments.
    Neutral,
}

/// Decides what the result of a call says about the member that ran it.
///
/// Implemented by closures and functions:
///
/// ```
/// use tower_failover::{Classify, Outcome};
///
/// let server_errors_are_failures = |result: Result<&u16, &std::io::Error>| match result {
///     Ok(status) if *status >= 500 => Outcome::Failure,
///     Ok(_) => Outcome::Success,
///     Err(_) => Outcome::Failure,
/// };
/// assert_eq!(server_errors_are_failures.classify(Ok(&503)), Outcome::Failure);
/// assert_eq!(server_errors_are_failures.classify(Ok(&404)), Outcome::Success);
/// ```
pub trait Classify<T, E> {
    /// Called once for every call that ended with a result, never under a lock.
    fn classify(&self, result: Result<&T, &E>) -> Outcome;
}

impl<T, E, F> Classify<T, E> for F
where
    F: Fn(Result<&T, &E>) -> Outcome,
{
    fn classify(&self, result: Result<&T, &E>) -> Outcome {
        self(result)
    }
}

/// The default [`Classify`]: every `Ok` is a success, every `Err` a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErrorsAreFailures;

impl<T, E> Classify<T, E> for ErrorsAreFailures {
    fn classify(&self, result: Result<&T, &E>) -> Outcome {
        if result.is_ok() { Outcome::Success } else { Outcome::Failure }
    }
}
