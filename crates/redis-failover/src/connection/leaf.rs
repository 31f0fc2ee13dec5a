use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use pin_project_lite::pin_project;
use redis::Value;
use tower_failover::CallInPlace;
use tower_service::Service;

#[cfg(feature = "cluster")]
use super::ClusterLeaf;
use super::{ConnectionError, OwnLeaf};
use crate::command::Command;

/// The leaf of a database's stack. All kinds of database are one type from here on, so that one client can mix
/// them; only what is not our own connection is boxed.
#[derive(Clone)]
pub(crate) enum Leaf<C> {
    /// A [`Connection`](super::Connection).
    Standalone(C),
    #[cfg(feature = "cluster")]
    Cluster(ClusterLeaf),
    Own(OwnLeaf),
}

impl<C> Leaf<C> {
    #[inline(always)]
    fn standalone(&mut self) -> Option<&mut C> {
        match self {
            Self::Standalone(connection) => Some(connection),
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => None,
            Self::Own(_) => None,
        }
    }
}

impl<'a, C> Service<Command<'a>> for Leaf<C>
where
    C: Service<Command<'a>, Response = Value, Error = ConnectionError>,
{
    type Response = Value;
    type Error = ConnectionError;
    type Future = LeafFuture<'a, C::Future>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        match self {
            Self::Standalone(connection) => connection.poll_ready(context),
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => Poll::Ready(Ok(())),
            Self::Own(_) => Poll::Ready(Ok(())),
        }
    }

    #[inline(always)]
    fn call(&mut self, command: Command<'a>) -> Self::Future {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => LeafFuture::Boxed { call: cluster.call(command) },
            #[cfg(feature = "cluster")]
            _ if command.routing().is_some() => {
                LeafFuture::Boxed { call: Box::pin(std::future::ready(Err(ConnectionError::NoCluster))) }
            }
            Self::Standalone(connection) => LeafFuture::Standalone { call: connection.call(command) },
            Self::Own(own) => LeafFuture::Boxed { call: own.call(command) },
        }
    }
}

impl<'a, C> CallInPlace<Command<'a>> for Leaf<C>
where
    C: CallInPlace<Command<'a>, Response = Value, Error = ConnectionError>,
{
    type Innermost = C::Innermost;
    type Layers<'l>
        = C::Layers<'l>
    where
        Self: 'l,
        Command<'a>: 'l;

    #[inline(always)]
    fn admit_in_place(&mut self, command: &Command<'a>) -> bool {
        #[cfg(feature = "cluster")]
        if command.routing().is_some() {
            return false;
        }
        self.standalone().is_some_and(|connection| connection.admit_in_place(command))
    }

    #[inline(always)]
    fn begin_in_place<'l>(
        &'l mut self,
        command: &'l Command<'a>,
    ) -> (Self::Layers<'l>, &'l mut C::Innermost) {
        #[expect(clippy::expect_used, reason = "only a standalone one admits calls")]
        let connection = self.standalone().expect("an admitted call");
        connection.begin_in_place(command)
    }
}

pin_project! {
    /// The response of a [`Leaf`].
    #[project = Projected]
    pub(crate) enum LeafFuture<'a, F> {
        Standalone { #[pin] call: F },
        Boxed { call: BoxFuture<'a, Result<Value, ConnectionError>> },
    }
}

impl<F> Future for LeafFuture<'_, F>
where
    F: Future<Output = Result<Value, ConnectionError>>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Standalone { call } => call.poll(context),
            Projected::Boxed { call } => call.as_mut().poll(context),
        }
    }
}
