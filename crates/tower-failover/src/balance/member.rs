//! A member of the balance: a service with its weight and its availability.

use std::convert::Infallible;
use std::fmt;

use futures_util::{Stream, stream};
use tower::discover::Change;

use crate::availability::Availability;
use crate::event::Name;

/// A member's priority: finite and greater than zero, 1.0 by default (B2). The heaviest available member serves;
/// it is no share of the load.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Weight(f64);

impl Weight {
    /// A weight, if the number is one.
    ///
    /// # Errors
    /// [`InvalidWeight`] for 0, negative numbers, infinities and NaN.
    pub fn new(weight: f64) -> Result<Self, InvalidWeight> {
        if weight.is_finite() && weight > 0.0 { Ok(Self(weight)) } else { Err(InvalidWeight(weight)) }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1.0)
    }
}

/// The number is no weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InvalidWeight(pub f64);

impl fmt::Display for InvalidWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "weight {} is not a finite number greater than 0", self.0)
    }
}

impl std::error::Error for InvalidWeight {}

/// A service with its weight and its availability, as a [`Discover`](tower::discover::Discover) yields it.
///
/// ```
/// use tower_failover::{Availability, Events, Member, Weight};
///
/// let events = Events::default();
/// let service = tower::service_fn(|_: ()| async { Ok::<_, std::io::Error>("hello") });
/// let member = Member::new(service, Availability::new("eu-west", events)).weight(Weight::new(0.5).unwrap());
/// assert_eq!(&**member.name(), "eu-west");
/// ```
#[derive(Debug, Clone)]
pub struct Member<S> {
    pub(super) service: S,
    pub(super) weight: Weight,
    pub(super) availability: Availability,
}

impl<S> Member<S> {
    /// A member of weight 1.0. It is known by the name of its availability.
    pub fn new(service: S, availability: Availability) -> Self {
        Self { service, weight: Weight::default(), availability }
    }

    /// Sets the weight.
    #[must_use]
    pub fn weight(mut self, weight: Weight) -> Self {
        self.weight = weight;
        self
    }

    /// The member's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.availability.name()
    }
}

/// A [`Discover`](tower::discover::Discover) for members that never change: each is inserted once.
pub fn fixed<S>(
    members: impl IntoIterator<Item = Member<S>>,
) -> impl Stream<Item = Result<Change<Name, Member<S>>, Infallible>> + Send
where
    S: Send,
{
    let members: Vec<_> = members.into_iter().collect();
    stream::iter(members.into_iter().map(|member| Ok(Change::Insert(member.name().clone(), member))))
}
