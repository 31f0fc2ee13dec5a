//! What the outcome of a call says about the member that ran it.

/// What a finished call says about the member that ran it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The member answered. An error reply is an answer too, if the member could serve others.
    Success,
    /// The member did not answer, or said that it cannot serve.
    Failure,
    /// The connection was lost, with every call in flight there: of one connection, they are one failure.
    Lost,
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

    /// Of a success, the kinds of requests that it shows to be served; of a failure, those that the member said it
    /// cannot serve (B59). None by default.
    #[inline]
    fn kinds(&self, _result: Result<&T, &E>) -> Kinds {
        Kinds::NONE
    }

    /// Of a failure, what kind of failure it is, for detectors that are limited to some (B16). None by default.
    #[inline]
    fn causes(&self, _result: Result<&T, &E>) -> Kinds {
        Kinds::NONE
    }
}

/// Some of up to eight kinds: of requests that a member may refuse while it serves others, as a replica does with
/// writes ([`Classify::kinds`]), or of failures ([`Classify::causes`]).
///
/// What they mean is up to the [`Classify`] that tells of them.
///
/// ```
/// use tower_failover::classify::Kinds;
///
/// const READS: Kinds = Kinds::number(0);
/// const WRITES: Kinds = Kinds::number(1);
/// assert_eq!(READS.with(WRITES).and(WRITES), WRITES);
/// assert!(READS.and(WRITES).is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Kinds(u8);

impl Kinds {
    /// No kind.
    pub const NONE: Self = Self(0);

    /// How many there can be.
    pub const COUNT: usize = 8;

    /// The kind of this number.
    ///
    /// # Panics
    /// If there is none, from 8 on.
    #[must_use]
    pub const fn number(number: usize) -> Self {
        assert!(number < Self::COUNT, "there are eight kinds");
        Self(1 << number)
    }

    /// These and those.
    #[must_use]
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those that are among both.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether there are none.
    #[inline]
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn numbers(self) -> impl Iterator<Item = usize> {
        (0..Self::COUNT).filter(move |&number| !self.and(Self::number(number)).is_empty())
    }

    #[inline]
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }
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
