//! Calls that borrow their service.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tower_service::Service;

/// A service that can be called in place.
///
/// The future of a [`Service`] may outlive it. So each layer holds on to what its calls share, clones what they need,
/// moves the future of the layer below into its own, and wraps what comes out of it. A call in place borrows the service
/// instead: nothing is held, cloned or moved on the way, and the response is written where the caller wants it.
///
/// What the layers keep of a call is apart from the future of the service below them all. Futures within futures would
/// put what each layer keeps at either end of what may be more than a kilobyte, and a call would touch as many lines of
/// memory as there are layers; so it lies together. With five layers over a connection of redis-rs, the instructions of a
/// whole GET went from 10,623 to 9297 (counted by callgrind, with some smaller savings among them), where redis-rs alone
/// takes 9283 with its own timeout.
///
/// Only the usual call runs so; whatever is rare, such as a trial call, is left to [`call`](Service::call). Both ways do
/// the same.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::future::{Ready, poll_fn, ready};
/// use std::pin::pin;
/// use std::task::{Context, Poll};
/// use std::time::Duration;
/// use tower::{Layer, Service, ServiceExt};
/// use tower_failover::in_place::{CallBorrowed, NoLayers, PollInPlace};
/// use tower_failover::{CallInPlace, DeadlineLayer};
///
/// struct Echo;
///
/// impl Service<&'static str> for Echo {
///     type Response = &'static str;
///     type Error = ();
///     type Future = Ready<Result<&'static str, ()>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, request: &'static str) -> Self::Future {
///         ready(Ok(request))
///     }
/// }
///
/// impl CallInPlace<&'static str> for Echo {
///     type Innermost = Self;
///     type Layers<'a> = NoLayers<&'static str, ()>;
///
///     fn begin_in_place<'a>(&'a mut self, _: &'a &'static str) -> (Self::Layers<'a>, &'a mut Self) {
///         (NoLayers::new(), self)
///     }
/// }
///
/// impl CallBorrowed<&'static str> for Echo {
///     type Answer = &'static str;
///     type Failure = ();
///
///     async fn call_borrowed(&mut self, request: &&'static str) -> Result<&'static str, ()> {
///         Ok(*request)
///     }
/// }
///
/// let mut service = DeadlineLayer::new(Duration::from_millis(500)).layer(Echo);
/// let service = service.ready().await.unwrap();
/// assert!(service.admit_in_place(&"hello"));
/// let (mut layers, echo) = service.begin_in_place(&"hello");
/// let mut call = pin!(Some(echo.call_borrowed(&"hello")));
/// let mut answer = "";
/// poll_fn(|context| layers.poll_in_place(call.as_mut(), &mut answer, context)).await.unwrap();
/// assert_eq!(answer, "hello");
/// # }
/// ```
pub trait CallInPlace<Request>: Service<Request> {
    /// The service below all layers.
    type Innermost: CallBorrowed<Request>;

    /// What the layers keep of a call.
    type Layers<'a>: PollInPlace<
            Answer = <Self::Innermost as CallBorrowed<Request>>::Answer,
            Failure = <Self::Innermost as CallBorrowed<Request>>::Failure,
            Response = Self::Response,
            Error = Self::Error,
        >
    where
        Self: 'a,
        Request: 'a;

    /// Whether this request can be called in place right now, be it that the service has said that it is ready or not.
    /// If so, what it has reserved is spent, and the next thing to do is the call. If not, nothing has changed: the service
    /// is to be made [ready](Service::poll_ready), and then asked once more, or [called](Service::call).
    fn admit_in_place(&mut self, _request: &Request) -> bool {
        true
    }

    /// Begins what was just [admitted](Self::admit_in_place). The innermost service is to be
    /// [called](CallBorrowed::call_borrowed) at once, and its call [polled through the layers](PollInPlace).
    ///
    /// # Cancellation
    /// Dropping the layers does what dropping the future of [`call`](Service::call) does.
    ///
    /// # Panics
    /// It may, as [`call`](Service::call) may, if the service has not admitted the call.
    fn begin_in_place<'a>(&'a mut self, request: &'a Request) -> (Self::Layers<'a>, &'a mut Self::Innermost);
}

/// A service below all layers, of which a call in place borrows.
pub trait CallBorrowed<Request> {
    /// What it answers.
    type Answer;
    /// What it fails with.
    type Failure;

    /// As [`call`](Service::call).
    fn call_borrowed(
        &mut self,
        request: &Request,
    ) -> impl Future<Output = Result<Self::Answer, Self::Failure>>;
}

/// What layers keep of a call, and what they do while it runs.
pub trait PollInPlace {
    /// What the innermost service answers.
    type Answer;
    /// What the innermost service fails with.
    type Failure;
    /// What the layers make of the answer.
    type Response;
    /// What the layers make of a failure.
    type Error;

    /// Polls the call of the innermost service through the layers, as the future of a call is polled. The response is in
    /// `response` once this is `Ok`. It may be another one at each look, so a layer writes there only what it is `Ok` with
    /// at the same look. A layer that gives the call up puts `None` in its place.
    fn poll_in_place<F>(
        &mut self,
        call: Pin<&mut Option<F>>,
        response: &mut Self::Response,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Self::Error>>
    where
        F: Future<Output = Result<Self::Answer, Self::Failure>>;
}

/// The call of the innermost service, with no layers. Its failures become errors of the service's.
pub struct NoLayers<T, F, E = F>(PhantomData<(T, F, E)>);

impl<T, F, E> NoLayers<T, F, E> {
    /// No layers.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, F, E> Default for NoLayers<T, F, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, F, E> fmt::Debug for NoLayers<T, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoLayers")
    }
}

impl<T, F, E: From<F>> PollInPlace for NoLayers<T, F, E> {
    type Answer = T;
    type Failure = F;
    type Response = T;
    type Error = E;

    #[inline(always)]
    fn poll_in_place<C>(
        &mut self,
        call: Pin<&mut Option<C>>,
        response: &mut T,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), E>>
    where
        C: Future<Output = Result<T, F>>,
    {
        // Of one that was given up nothing comes.
        let Some(call) = call.as_pin_mut() else { return Poll::Pending };
        match ready!(call.poll(context)) {
            Ok(answer) => *response = answer,
            Err(error) => return Poll::Ready(Err(error.into())),
        }
        Poll::Ready(Ok(()))
    }
}
