//! One Redis call as a Tower request, and what is known of each command.
//!
//! # Layout
//!
//! - `options`: what a caller may say of one call
//! - `arguments`: a command's arguments by position
//! - `table`, `rows`: every command's flags, as Redis's own `COMMAND` gives them
//! - `index`: the rows by their names
//! - `repeat`, `pipeline`: what applying a command, or a pipeline, twice costs
//! - `class`: commands that block or that change their connection's state
//! - `keys`: the slots of a cluster that a call is about (feature `cluster`)
//! - `send`: running a command on a connection, with and without a box

mod arguments;
mod class;
mod index;
#[cfg(feature = "cluster")]
mod keys;
mod options;
mod pipeline;
mod repeat;
mod rows;
mod send;
mod table;

#[cfg(test)]
mod tests;

use std::{fmt, ops::Deref, sync::Arc};

#[cfg(feature = "cluster")]
use redis::cluster_routing::RoutingInfo;
use redis::{Cmd, Pipeline};

pub(crate) use class::Refused;
pub use class::{Blocking, ConnectionState};
#[cfg(feature = "cluster")]
pub(crate) use keys::{Slots, first_key, slot, slot_of};
pub use options::{CallOptions, RetrySafety};
pub use repeat::Repeat;
pub(crate) use send::send_through;
pub use send::{SendBoxed, SendCommand, send, send_boxed};

use crate::classify::Shape;
use crate::cursor::cursor_position;

/// One Redis call: a single command or a pipeline, with the caller's options.
///
/// A call is either *borrowed*, as redis-rs's `ConnectionLike` hands it over, or *shared*, which makes it
/// `Command<'static>`: fit for a buffer, for hedging, or for a task of its own.
///
/// ```
/// use redis_failover::command::{CallOptions, Command, Repeat, RetrySafety};
///
/// let mut get = redis::cmd("GET");
/// get.arg("session:4711");
///
/// let borrowed = Command::from(&get);
/// assert_eq!(borrowed.repeat(), Repeat::ReadOnly);
/// assert_eq!(borrowed.to_string(), "GET"); // never an argument
///
/// let shared: Command<'static> = Command::from(get).with(CallOptions::new().safety(RetrySafety::ReadOnly));
/// assert!(shared.may_repeat(RetrySafety::default()));
/// ```
///
/// # Clone
///
/// A clone copies a reference or counts an `Arc` up; it never allocates.
#[derive(Clone)]
pub struct Command<'a> {
    call: Call<'a>,
    options: CallOptions,
    /// Known to neither block, nor change its connection, nor have a scan's cursor, so that nobody has to look again.
    plain: bool,
    /// To which nodes of a cluster it goes, where the caller says so.
    #[cfg(feature = "cluster")]
    routing: Option<Arc<RoutingInfo>>,
}

#[derive(Clone)]
enum Call<'a> {
    Single(Held<'a, Cmd>),
    Pipeline { pipeline: Held<'a, Pipeline>, offset: usize, count: usize },
}

enum Held<'a, T> {
    Borrowed(&'a T),
    Shared(Arc<T>),
}

impl<T> Clone for Held<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Borrowed(held) => Self::Borrowed(held),
            Self::Shared(held) => Self::Shared(Arc::clone(held)),
        }
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(held) => held,
            Self::Shared(held) => held,
        }
    }
}

impl<'a> Command<'a> {
    /// A borrowed pipeline with the numbers that redis-rs calls `req_packed_commands` with: `offset` replies
    /// are dropped and the `count` after them make up the answer.
    pub fn pipeline(pipeline: &'a Pipeline, offset: usize, count: usize) -> Self {
        Call::Pipeline { pipeline: Held::Borrowed(pipeline), offset, count }.into()
    }

    /// The same call with these options.
    #[must_use]
    pub fn with(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// The same call to these nodes of a cluster, whatever its keys are. The call is refused with
    /// [`Error::NoCluster`](crate::Error::NoCluster) while the active database is no cluster. Pipelines and commands that
    /// block go by their keys all the same.
    ///
    /// ```
    /// use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
    /// use redis_failover::Command;
    ///
    /// let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllNodes, None));
    /// let command = Command::from(redis::cmd("DBSIZE")).route(everywhere);
    /// ```
    #[cfg(feature = "cluster")]
    #[must_use]
    pub fn route(mut self, routing: RoutingInfo) -> Self {
        self.routing = Some(Arc::new(routing));
        self
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn routing(&self) -> Option<&RoutingInfo> {
        self.routing.as_deref()
    }

    /// The command, unless this is a pipeline.
    pub(crate) fn single(&self) -> Option<&Cmd> {
        match &self.call {
            Call::Single(command) => Some(command),
            Call::Pipeline { .. } => None,
        }
    }

    /// What the caller said of this call.
    pub fn options(&self) -> CallOptions {
        self.options
    }

    /// The commands of this call: one, or those of the pipeline without the `MULTI` and `EXEC` around them.
    pub fn commands(&self) -> impl Iterator<Item = &Cmd> {
        let (single, pipeline) = match &self.call {
            Call::Single(command) => (Some(&**command), None),
            Call::Pipeline { pipeline, .. } => (None, Some(&**pipeline)),
        };
        single.into_iter().chain(pipeline.into_iter().flat_map(Pipeline::cmd_iter))
    }

    /// Whether this is a pipeline, atomic or not.
    pub fn is_pipeline(&self) -> bool {
        matches!(self.call, Call::Pipeline { .. })
    }

    /// Whether this is a pipeline that runs inside `MULTI` and `EXEC`.
    pub fn is_atomic(&self) -> bool {
        matches!(&self.call, Call::Pipeline { pipeline, .. } if pipeline.is_transaction())
    }

    /// What the reply to this call looks like.
    pub fn shape(&self) -> Shape {
        match &self.call {
            Call::Single(_) => Shape::Single,
            Call::Pipeline { pipeline, .. } if pipeline.is_transaction() => Shape::Atomic,
            Call::Pipeline { .. } => Shape::Pipeline,
        }
    }

    /// The command's name with its subcommand, `PIPELINE`, or `MULTI` for an atomic pipeline; never an argument.
    ///
    /// A command that the table does not know is `UNKNOWN`: what stands in its place may be anything,
    /// a secret included.
    pub fn name(&self) -> &'static str {
        match &self.call {
            Call::Single(command) => table::lookup(command).map_or("UNKNOWN", table::Entry::name),
            Call::Pipeline { pipeline, .. } if pipeline.is_transaction() => "MULTI",
            Call::Pipeline { .. } => "PIPELINE",
        }
    }

    /// What it costs if this call is applied twice.
    pub fn repeat(&self) -> Repeat {
        pipeline::repeat(self.commands())
    }

    /// Whether a repeat is allowed by this call's own [`RetrySafety`], or by `default` where it has none.
    pub fn may_repeat(&self, default: RetrySafety) -> bool {
        let safety = self.options.retry_safety().unwrap_or(default);
        // `All` needs no look at the arguments.
        safety == RetrySafety::All || safety.allows(self.repeat())
    }

    /// Whether any of its commands is known to name keys.
    pub fn is_keyed(&self) -> bool {
        self.entries().any(table::Entry::is_keyed)
    }

    /// Whether Redis flags any of its commands as a write.
    pub fn is_write(&self) -> bool {
        self.entries().any(table::Entry::is_write)
    }

    /// For how long this call may hold its connection by design; `None` for calls that do not block.
    ///
    /// Inside `MULTI` nothing blocks. The waits of a plain pipeline add up.
    #[inline]
    pub fn blocking(&self) -> Option<Blocking> {
        if self.plain { None } else { self.waits() }
    }

    fn waits(&self) -> Option<Blocking> {
        if self.is_atomic() {
            return None;
        }
        self.commands().filter_map(class::blocking).reduce(Blocking::then)
    }

    /// The state of the connection that the first such command of this call would change.
    pub fn connection_state(&self) -> Option<ConnectionState> {
        self.commands().find_map(class::connection_state)
    }

    /// The same call if it may run on a connection that others use too; looks at every command once.
    pub(crate) fn admitted(mut self) -> Result<Self, Refused> {
        self.admit()?;
        Ok(self)
    }

    /// As [`admitted`](Self::admitted), without moving the call.
    #[inline]
    pub(crate) fn admit(&mut self) -> Result<(), Refused> {
        self.plain = match &self.call {
            Call::Single(command) => is_plain(command)?,
            Call::Pipeline { pipeline, .. } => {
                let mut plain = true;
                for command in pipeline.cmd_iter() {
                    plain &= is_plain(command)?;
                }
                plain
            }
        };
        Ok(())
    }

    /// Whether a scan's cursor may be sent with it, or come back from it.
    #[inline]
    pub(crate) fn may_have_cursor(&self) -> bool {
        !self.plain && self.commands().any(|command| cursor_position(command).is_some())
    }

    fn entries(&self) -> impl Iterator<Item = table::Entry> {
        self.commands().filter_map(table::lookup)
    }

    /// The same call, options included, with other commands in place of its own.
    pub(crate) fn rewritten(&self, mut commands: impl Iterator<Item = Cmd>) -> Command<'static> {
        let call = match &self.call {
            Call::Single(_) => Call::Single(Held::Shared(Arc::new(commands.next().unwrap_or_default()))),
            Call::Pipeline { pipeline, offset, count } => {
                let mut rewritten = Pipeline::with_capacity(pipeline.len());
                if pipeline.is_transaction() {
                    rewritten.atomic();
                }
                for command in commands {
                    rewritten.add_command(command);
                }
                Call::Pipeline { pipeline: Held::Shared(Arc::new(rewritten)), offset: *offset, count: *count }
            }
        };
        Command { call, ..self.like() }
    }

    /// What is said beside the call itself, of no call.
    fn like(&self) -> Command<'static> {
        Command {
            call: Call::Single(Held::Shared(Arc::default())),
            options: self.options,
            plain: self.plain,
            #[cfg(feature = "cluster")]
            routing: self.routing.clone(),
        }
    }
}

/// Whether a command neither blocks nor has a scan's cursor; refused if it would change its connection.
#[inline]
fn is_plain(command: &Cmd) -> Result<bool, Refused> {
    let Some(entry) = table::lookup(command).filter(|entry| !entry.is_plain()) else { return Ok(true) };
    if let Some(state) = class::state_of(entry) {
        return Err(Refused { command: entry.name(), instead: state.instead() });
    }
    Ok(false)
}

impl<'a> From<Call<'a>> for Command<'a> {
    fn from(call: Call<'a>) -> Self {
        Self {
            call,
            options: CallOptions::new(),
            plain: false,
            #[cfg(feature = "cluster")]
            routing: None,
        }
    }
}

impl<'a> From<&'a Cmd> for Command<'a> {
    fn from(command: &'a Cmd) -> Self {
        Call::Single(Held::Borrowed(command)).into()
    }
}

impl From<Arc<Cmd>> for Command<'static> {
    fn from(command: Arc<Cmd>) -> Self {
        Call::Single(Held::Shared(command)).into()
    }
}

impl From<Cmd> for Command<'static> {
    fn from(command: Cmd) -> Self {
        Arc::new(command).into()
    }
}

impl From<Arc<Pipeline>> for Command<'static> {
    /// With the numbers that redis-rs's own `query_async` uses: of an atomic pipeline only the reply to `EXEC`
    /// is of interest, after those to `MULTI` and to each queued command.
    fn from(pipeline: Arc<Pipeline>) -> Self {
        let (offset, count) =
            if pipeline.is_transaction() { (pipeline.len() + 1, 1) } else { (0, pipeline.len()) };
        Call::Pipeline { pipeline: Held::Shared(pipeline), offset, count }.into()
    }
}

impl From<Pipeline> for Command<'static> {
    fn from(pipeline: Pipeline) -> Self {
        Arc::new(pipeline).into()
    }
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match &self.call {
            Call::Single(_) => Ok(()),
            Call::Pipeline { pipeline, .. } => write!(f, " of {}", pipeline.len()),
        }
    }
}

impl fmt::Debug for Command<'_> {
    /// Names only: arguments are payloads and secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("name", &self.to_string()).field("options", &self.options).finish()
    }
}
