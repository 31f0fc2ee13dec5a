use std::sync::Arc;

use futures_util::future::BoxFuture;
use redis::{Value, cluster_async::ClusterConnection};
use tokio::sync::watch;

use super::{
    Cluster,
    node::Node,
    run::{Client, run},
};
use crate::{
    command::Command,
    connection::{
        ConnectionError,
        demand::Demand,
        link::{Connected, Status},
        service::connected,
    },
    cursor::CursorTag,
};

/// The leaf of a stack over a cluster: runs calls on the client that a [`Link`](crate::connection::Link) keeps.
///
/// A clone remembers no connection, so that none is kept open by an idle one.
#[derive(Clone)]
pub(crate) struct ClusterLeaf {
    cluster: Cluster,
    status: watch::Receiver<Status<ClusterConnection<Node>>>,
    demand: Arc<Demand>,
    cursor_tag: CursorTag,
}

impl ClusterLeaf {
    pub(super) fn new(
        cluster: Cluster,
        status: watch::Receiver<Status<ClusterConnection<Node>>>,
        demand: Arc<Demand>,
        cursor_tag: CursorTag,
    ) -> Self {
        Self { cluster, status, demand, cursor_tag }
    }

    /// For those who only want to know whether there is a client.
    pub(crate) fn connected(&self) -> Connected {
        Connected::of(self.status.clone())
    }

    pub(in crate::connection) fn call<'a>(
        &self,
        command: Command<'a>,
    ) -> BoxFuture<'a, Result<Value, ConnectionError>> {
        let Self { cluster, status, demand, cursor_tag } = self.clone();
        Box::pin(async move {
            let sent = cursor_tag.outgoing(&command)?;
            let live = match &*status.borrow() {
                Status::Live(connection) => Some(connection.clone()),
                Status::Connecting | Status::Down(_) => None,
            };
            let connection = match live {
                Some(connection) => connection,
                None => connected(status, demand).await?,
            };
            let client = Client { connection, cluster };
            let reply = run(client, sent.as_ref().unwrap_or(&command)).await?;
            Ok(cursor_tag.incoming(&command, reply)?)
        })
    }
}
