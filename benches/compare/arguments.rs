//! What was asked for.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

pub(crate) const HELP: &str = "\
Measures this client beside its peers, and says which budgets hold.

    compare [WHAT] [--json] [--short] [--page]
    compare --from FILE [--from FILE …]

WHAT     throughput   commands a second, processor's time, instructions and allocations (P1, P2, P3, P12)
         layers       what the layers cost a call, whatever there are so many of (P4, P9)
         failover     from a fault to the first success elsewhere, and back (P5, P6, P7, P11)
         pubsub       for how long a subscriber hears nothing, and what it misses (P8)
         idle         what a client costs that nobody uses (P10)
         all          everything, the default
--json   one object instead of a table
--short  ends within a minute for each WHAT; the figures are rougher
--page   writes docs/performance.md and its plots as well
--from   measures nothing, and writes the page of what --json has told; of several files, all together
--help   this

It starts its own redis-server or valkey-server, and wants the machine to itself. With python3 and a way to PyPI it makes
a virtual environment with redis-py beside what cargo builds; with valgrind it counts instructions.
Exits with 1 if a budget does not hold.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Throughput,
    Layers,
    Failover,
    Pubsub,
    Idle,
}

impl What {
    const ALL: [Self; 5] = [Self::Throughput, Self::Layers, Self::Failover, Self::Pubsub, Self::Idle];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Layers => "layers",
            Self::Failover => "failover",
            Self::Pubsub => "pubsub",
            Self::Idle => "idle",
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// `None` is everything.
    what: Option<What>,
    pub(crate) json: bool,
    pub(crate) short: bool,
    pub(crate) page: bool,
    /// Measured before, and to be made a page of.
    pub(crate) reports: Vec<PathBuf>,
}

impl Arguments {
    /// `None` if help is wanted.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Option<Self>, lexopt::Error> {
        let mut parsed = Self::default();
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("json") => parsed.json = true,
                Arg::Long("short") => parsed.short = true,
                Arg::Long("page") => parsed.page = true,
                Arg::Long("from") => parsed.reports.push(parser.value()?.into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Arguments>, String> {
        Arguments::parse(line.split_whitespace()).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_is_measured_unless_told_otherwise() {
        let all = Arguments { short: true, ..Arguments::default() };
        assert_eq!(parse("--short"), Ok(Some(all)));
        assert_eq!(parse("all").unwrap().unwrap().parts(), What::ALL);
        assert_eq!(parse("pubsub --json").unwrap().unwrap().parts(), [What::Pubsub]);
    }

    #[test]
    fn help_names_all_that_can_be_measured() {
        assert_eq!(parse("idle --help"), Ok(None));
        assert!(What::ALL.iter().all(|what| HELP.contains(&format!("{}  ", what.name()))));
    }

    #[test]
    fn a_page_is_written_of_what_is_measured_or_was() {
        assert_eq!(parse("all --page"), Ok(Some(Arguments { page: true, ..Arguments::default() })));
        let reports = ["one.json", "two.json"].map(PathBuf::from).to_vec();
        assert_eq!(
            parse("--from one.json --from two.json"),
            Ok(Some(Arguments { reports, ..Arguments::default() }))
        );
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        assert_eq!(parse("speed"), Err("speed cannot be measured; --help tells what can".into()));
        assert_eq!(parse("--jsno"), Err("invalid option '--jsno'".into()));
    }
}
