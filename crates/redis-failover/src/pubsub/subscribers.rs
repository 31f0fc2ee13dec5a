//! Where a client's subscribers are made, and where they end with it.

use std::any::Any;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tower_failover::balance::ActiveRoute;
use tower_failover::{Chance, Name};

use super::delivery::Delivery;
use super::inbox::Inbox;
use super::source::Source;
use super::subscription::Subscriptions;
use super::task::Task;
use super::{PubSub, PubSubSettings, PubSubSink, PubSubStream};

/// How many requests may be on their way to a subscriber's task.
const REQUESTS: usize = 16;

/// What all subscribers of a client have in common. They end when it is closed or dropped.
pub(crate) struct Subscribers {
    /// `None` once it is closed.
    sources: watch::Sender<Option<Arc<[Source]>>>,
    route: ActiveRoute,
    chance: Chance,
}

impl Subscribers {
    pub(crate) fn new(sources: impl IntoIterator<Item = Source>, route: ActiveRoute, chance: Chance) -> Self {
        let sources = watch::Sender::new(Some(sources.into_iter().collect()));
        Self { sources, route, chance }
    }

    /// A new subscriber, which keeps `client` as long as it lives. Ended already if this is closed.
    pub(crate) fn subscribe(&self, settings: PubSubSettings, client: Arc<dyn Any + Send + Sync>) -> PubSub {
        let (sender, requests) = mpsc::channel(REQUESTS);
        let limits = settings.limits();
        let inbox = Arc::new(Inbox::new(limits));
        let task = Task {
            route: self.route.clone(),
            sources: self.sources.subscribe(),
            requests,
            inbox: Arc::clone(&inbox),
            delivery: Delivery::new(Arc::clone(&inbox), limits, settings.overlap_before()),
            warm: settings.is_warm(),
            chance: self.chance.clone(),
            version: 0,
            subscriptions: Subscriptions::default(),
            feeds: Vec::new(),
            turn: 0,
        };
        let stream = PubSubStream::new(inbox, tokio::spawn(task.run()), client);
        PubSub { sink: PubSubSink::new(sender), stream }
    }

    /// Lets subscribers listen to a database that has joined.
    pub(crate) fn add(&self, source: Source) {
        self.change(|sources| sources.iter().cloned().chain([source]).collect());
    }

    /// Ends what subscribers have at a database that has left.
    pub(crate) fn remove(&self, name: &Name) {
        self.change(|sources| sources.iter().filter(|source| source.name() != name).cloned().collect());
    }

    fn change(&self, change: impl FnOnce(&[Source]) -> Arc<[Source]>) {
        self.sources.send_if_modified(|sources| {
            // Closed for good.
            let Some(former) = sources else { return false };
            *sources = Some(change(former));
            true
        });
    }

    /// Ends all subscribers; what came before can still be read.
    pub(crate) fn close(&self) {
        self.sources.send_replace(None);
    }
}
