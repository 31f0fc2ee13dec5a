//! What is expected of each cell, written down before it is run.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use redis_failover::{Backoff, HealthCheck, MultiDbConfig, Suspicion};

use super::{Fault, Workload};

/// The file that says it.
const TABLE: &str = include_str!("../../faults/expected.txt");

/// Which settings the clients of a row have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Configuration {
    /// All defaults.
    Default,
    /// Quick to leave and quick to return; and asked for their role, since without a grace period nothing else would keep
    /// it from a database that has become read-only, and says PONG.
    Tuned,
}

impl Configuration {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Default, Self::Tuned];

    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Tuned => "tuned",
        }
    }

    /// Applies it.
    #[must_use]
    pub fn of(self, config: MultiDbConfig) -> MultiDbConfig {
        let ms = Duration::from_millis;
        match self {
            Self::Default => config,
            Self::Tuned => config
                .suspicion(Suspicion::fast())
                .health_check_interval(ms(500))
                .health_check_probes(1)
                .min_num_failures(3)
                .failures_detection_window(ms(1000))
                .command_retry(3, Backoff::new(ms(5), ms(1000)))
                .auto_fallback_interval(Some(ms(1000)))
                .grace_period(Duration::ZERO)
                .add_health_check(HealthCheck::role()),
        }
    }
}

impl FromStr for Configuration {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|configuration| configuration.name() == name);
        named.ok_or_else(|| format!("there are default and tuned settings, and none that are {name}"))
    }
}

/// What a cell's client is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Leave the primary, and serve from the secondary.
    Switch,
    /// Stay where it is.
    Stay,
    /// Serve from the primary in the end, whatever came in between.
    Return,
    /// Serve from either: it is a matter of chance whether the primary is left.
    Either,
}

impl Expected {
    /// As reports say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Switch => "must_switch",
            Self::Stay => "must_not_switch",
            Self::Return => "must_return",
            Self::Either => "may_switch",
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What happens.
    pub fault: Fault,
    /// With which settings.
    pub configuration: Configuration,
    /// When it is served again at the latest: at the secondary, counted from the fault, if it is to be left; at the
    /// primary otherwise, counted from the end of a fault that passes, and from the beginning of one that lasts.
    pub within: Duration,
    /// What is expected of each workload.
    pub expected: [Expected; Workload::ALL.len()],
}

/// The table: each fault once with each configuration, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table(Vec<Row>);

impl Table {
    /// The one that is written down.
    ///
    /// # Errors
    /// If it has a line that says nothing, or lacks a cell.
    pub fn written_down() -> Result<Self, String> {
        TABLE.parse()
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.0
    }
}

impl FromStr for Table {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (head, rows): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("fault "));
        let columns = ["fault", "configuration", "within_ms"].into_iter();
        let columns: Vec<_> = columns.chain(Workload::ALL.map(Workload::name)).collect();
        if head.len() != 1 || head[0].split_whitespace().collect::<Vec<_>>() != columns {
            return Err(format!("the columns are {}", columns.join(" ")));
        }
        let rows: Vec<Row> = rows.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        for fault in Fault::ALL {
            for configuration in Configuration::ALL {
                let of_it = |row: &&Row| row.fault == fault && row.configuration == configuration;
                let count = rows.iter().filter(of_it).count();
                if count != 1 {
                    let name = fault.name();
                    return Err(format!("{name} {}: there are {count} rows for it", configuration.name()));
                }
            }
        }
        Ok(Self(rows))
    }
}

impl Row {
    /// Whether it belongs to the short form, which takes a minute.
    #[must_use]
    pub fn is_short(&self) -> bool {
        Fault::SHORT.contains(&self.fault) && self.configuration == Configuration::Default
    }

    /// What is expected of this workload.
    #[must_use]
    pub fn expected_of(&self, workload: Workload) -> Expected {
        // They are in the order of their declaration.
        self.expected[workload as usize]
    }
}

impl FromStr for Row {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{line}: {what}");
        let mut words = line.split_whitespace();
        let mut next = || words.next().ok_or_else(|| wrong("a cell is missing"));
        let fault = next()?.parse().map_err(|error: String| wrong(&error))?;
        let configuration = next()?.parse().map_err(|error: String| wrong(&error))?;
        let within = next()?.parse().map_err(|_| wrong("within how many milliseconds?"))?;
        let mut expected = [Expected::Stay; Workload::ALL.len()];
        for cell in &mut expected {
            *cell = match next()? {
                "switch" => Expected::Switch,
                "stay" => Expected::Stay,
                "return" => Expected::Return,
                "either" => Expected::Either,
                _ => return Err(wrong("switch, stay, return or either")),
            };
        }
        match words.next() {
            Some(_) => Err(wrong("there is more than one cell for each workload")),
            None => Ok(Self { fault, configuration, within: Duration::from_millis(within), expected }),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fault.name(), self.configuration.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_written_down() {
        let table = Table::written_down().unwrap();
        assert_eq!(table.rows().len(), Fault::ALL.len() * Configuration::ALL.len());
    }

    #[test]
    fn a_missing_cell_and_a_missing_row_are_errors() {
        let short: Result<Row, _> = "kill default 1000 switch switch".parse();
        assert!(short.unwrap_err().contains("a cell is missing"));
        let without: String =
            TABLE.lines().filter(|line| !line.starts_with("kill ")).collect::<Vec<_>>().join("\n");
        assert!(without.parse::<Table>().unwrap_err().contains("kill default: there are 0 rows"));
        assert!("kill sometimes".parse::<Row>().is_err());
    }
}
