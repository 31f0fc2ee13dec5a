//! What the command line asks for.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

pub(crate) const HELP: &str = "\
Breaks the primary of two Redis databases under load, heals it, and shows what the callers noticed.

Usage: cargo run --release --example geographic_failover -- [OPTIONS]

Options:
  --fault kill|stop|blackhole|none  What happens to the primary [default: kill; blackhole with --redis]
  --callers N                       Concurrent callers, one command each every 5 ms [default: 8]
  --fast                            Suspicion::fast(): half a second for a silent database to answer
  --redis URL                       A database that runs already; give it twice, the primary first
  --json                            Print one JSON object, and draw nothing
  --svg PATH                        Where to draw latency and throughput [default: geographic_failover.svg]
  --help                            Print this

Without --redis two servers are started: $REDIS_SERVER_BIN, else redis-server, else valkey-server, else embedded.";

/// What happens to the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Its process is killed: a crash.
    Kill,
    /// Its process is stopped: a hang.
    Stop,
    /// The network to it swallows everything.
    BlackHole,
    None,
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::BlackHole => "blackhole",
            Self::None => "none",
        }
    }

    /// What has happened to the primary then.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Kill => "fault: the primary is killed",
            Self::Stop => "fault: the primary is stopped",
            Self::BlackHole => "fault: the network to the primary swallows everything",
            Self::None => "no fault",
        }
    }

    /// What has happened when that is over.
    pub(crate) fn undone(self) -> &'static str {
        match self {
            Self::Kill => "healed: the primary is started again",
            Self::Stop => "healed: the primary goes on",
            Self::BlackHole => "healed: the network to the primary works again",
            Self::None => "nothing to heal",
        }
    }

    fn of_name(name: &str) -> Result<Self, String> {
        [Self::Kill, Self::Stop, Self::BlackHole, Self::None]
            .into_iter()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| "it is kill, stop, blackhole or none".to_owned())
    }
}

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) fault: Fault,
    pub(crate) callers: usize,
    pub(crate) fast: bool,
    /// The URLs of primary and secondary, if they are not to be started.
    pub(crate) redis: Option<[String; 2]>,
    pub(crate) json: bool,
    pub(crate) svg: Option<PathBuf>,
}

impl Arguments {
    /// `None` if only help is asked for.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Self>, lexopt::Error> {
        let mut parser = lexopt::Parser::from_args(arguments);
        let (mut fault, mut callers, mut fast, mut json, mut svg) = (None, 8, false, false, None);
        let mut urls = Vec::new();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("fault") => fault = Some(parser.value()?.parse_with(Fault::of_name)?),
                Long("callers") => callers = parser.value()?.parse()?,
                Long("fast") => fast = true,
                Long("redis") => urls.push(parser.value()?.string()?),
                Long("json") => json = true,
                Long("svg") => svg = Some(PathBuf::from(parser.value()?)),
                Long("help") | Short('h') => return Ok(None),
                _ => return Err(argument.unexpected()),
            }
        }
        if callers == 0 {
            return Err("--callers: at least one is needed".into());
        }
        let redis = match urls.len() {
            0 => None,
            _ => Some(urls.try_into().map_err(|_| "--redis: give it twice, the primary first")?),
        };
        let fault = match (fault, &redis) {
            (Some(Fault::Kill | Fault::Stop), Some(_)) => {
                return Err(
                    "--fault: kill and stop need servers that are started here, without --redis".into()
                );
            }
            (Some(fault), _) => fault,
            (None, Some(_)) => Fault::BlackHole,
            (None, None) => Fault::Kill,
        };
        if !json && svg.is_none() {
            svg = Some("geographic_failover.svg".into());
        }
        Ok(Some(Self { fault, callers, fast, redis, json, svg }))
    }
}
