//! What was asked for.

use std::ffi::OsString;

use lexopt::{Arg, Parser};

pub(crate) const HELP: &str = "\
Measures this client beside its peers, and says which budgets hold.

    compare [WHAT] [--json] [--short]

WHAT     throughput   commands a second, processor's time, instructions and allocations (P1, P2, P3, P12)
         all          everything, the default
--json   one object instead of a table
--short  ends within a minute for each WHAT; the figures are rougher
--help   this

It starts its own redis-server or valkey-server, and wants the machine to itself.
Exits with 1 if a budget does not hold.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Throughput,
}

impl What {
    const ALL: [Self; 1] = [Self::Throughput];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Arguments {
    /// `None` is everything.
    what: Option<What>,
    pub(crate) json: bool,
    pub(crate) short: bool,
}

impl Arguments {
    /// `None` if help is wanted.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Self>, lexopt::Error> {
        let mut parsed = Self { what: None, json: false, short: false };
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("json") => parsed.json = true,
                Arg::Long("short") => parsed.short = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Value(value) if value == "all" => parsed.what = None,
                Arg::Value(value) => match What::ALL.into_iter().find(|what| value == what.name()) {
                    Some(what) => parsed.what = Some(what),
                    None => {
                        return Err(
                            format!("{} cannot be measured; --help tells what can", value.display()).into()
                        );
                    }
                },
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(parsed))
    }

    pub(crate) fn parts(&self) -> Vec<What> {
        self.what.map_or_else(|| What::ALL.to_vec(), |what| vec![what])
    }
}
