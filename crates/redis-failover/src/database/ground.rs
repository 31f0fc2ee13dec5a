//! Where the kinds of database differ: what stands at the bottom of the stack.

use std::any::Any;

use tower_failover::{Availability, Chance};

use crate::command::SendBoxed;
use crate::config::{ConfigError, DatabaseConfig, Options, Target};
#[cfg(feature = "cluster")]
use crate::connection::ClusterLink;
use crate::connection::{Connected, Connection, Dedicated, Endpoint, Leaf, OwnLeaf};
use crate::cursor::CursorTag;
use crate::health::Prober;
use crate::pubsub::Source;

/// The leaf of the one kind whose calls are in no box of their own.
pub(super) type StandaloneLeaf = Connection<SendBoxed>;

/// What a kind of database brings to its stack; all that stands above is the same for all kinds.
pub(super) struct Ground<C> {
    pub(super) leaf: Leaf<C>,
    pub(super) prober: Prober,
    /// Connections that one call has to itself, where the kind of database has any.
    pub(super) dedicated: Option<Dedicated>,
    /// Where subscribers listen, if they can.
    pub(super) source: Option<Source>,
    /// Whether commands have a connection, where it is ours.
    pub(super) connected: Option<Connected>,
    /// Dropping it ends what the leaf lives on, and with that all its calls.
    pub(super) tasks: Box<dyn Any + Send>,
}

pub(super) fn ground(
    config: &DatabaseConfig,
    options: &Options,
    cursor_tag: CursorTag,
    availability: &Availability,
    chance: &Chance,
) -> Result<Ground<StandaloneLeaf>, ConfigError> {
    let dialled = |endpoint: Endpoint| {
        let endpoint = config.dressed(endpoint, options).connections(availability.connections().clone());
        let prober = Prober::from(endpoint.clone());
        let settings = options.dedicated(cursor_tag);
        let (dedicated, keeper) = Dedicated::open(endpoint.clone(), settings, availability.clone());
        let settings = options.link(cursor_tag);
        let source = Source::new(endpoint.clone(), availability.clone(), settings.redial_spread);
        let (connection, link) = Connection::open(endpoint, settings, availability.clone(), chance.clone());
        let connected = connection.connected();
        Ground {
            leaf: Leaf::Standalone(connection),
            prober,
            dedicated: Some(dedicated),
            source: Some(source),
            connected: Some(connected),
            tasks: Box::new((link, keeper)),
        }
    };
    Ok(match &config.target {
        Target::Standalone(info) => dialled(config.endpoint(info, options)?),
        Target::Sentinel(target) => dialled(config.endpoint_behind(target, options)?),
        #[cfg(feature = "cluster")]
        Target::Cluster(target) => {
            let cluster = config.nodes_of(target, options, availability.connections())?;
            let prober = Prober::of_cluster(cluster.clone(), config.counted_nodes());
            let settings = options.dedicated(cursor_tag);
            let (dedicated, keeper) = Dedicated::open(cluster.clone(), settings, availability.clone());
            let settings = options.link(cursor_tag);
            let source = Source::new(cluster.clone(), availability.clone(), settings.redial_spread);
            let response_timeout = options.response_timeout();
            let (leaf, link) =
                ClusterLink::open(cluster, settings, response_timeout, availability.clone(), chance.clone());
            let connected = leaf.connected();
            Ground {
                leaf: Leaf::Cluster(leaf),
                prober,
                dedicated: Some(dedicated),
                source: Some(source),
                connected: Some(connected),
                tasks: Box::new((link, keeper)),
            }
        }
        Target::Own(service) => {
            let (leaf, keeper) = OwnLeaf::open(service.clone(), cursor_tag, availability.clone());
            Ground {
                leaf: Leaf::Own(leaf),
                prober: Prober::through(service.clone()),
                dedicated: None,
                source: None,
                connected: None,
                tasks: Box::new(keeper),
            }
        }
    })
}
