//! Counts beside those of the baseline. Pure.

use std::fmt::Write;

use benches::Executed;

/// How many more instructions than in the baseline a piece may take: this share, or one if that is more.
const TOLERANCE: f64 = 0.03;
const ONE: f64 = 1.0;
/// How many more locked ones: what happens now and then, and never one a call.
const LOCKED: f64 = 0.5;

/// What is to be said of one piece.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    name: String,
    before: Option<Executed>,
    now: Option<Executed>,
}

/// Of all pieces that are, and of those that only the baseline knows.
pub(crate) fn judge(baseline: &[(String, Executed)], counts: &[(String, Executed)]) -> Vec<Verdict> {
    let of = |counts: &[(String, Executed)], name: &str| {
        counts.iter().find(|(other, _)| other == name).map(|(_, executed)| *executed)
    };
    let known = counts.iter().map(|(name, now)| Verdict {
        name: name.clone(),
        before: of(baseline, name),
        now: Some(*now),
    });
    let gone = baseline.iter().filter(|(name, _)| of(counts, name).is_none());
    let gone = gone.map(|(name, before)| Verdict { name: name.clone(), before: Some(*before), now: None });
    known.chain(gone).collect()
}

impl Verdict {
    pub(crate) fn holds(&self) -> bool {
        matches!(self.words(), Words::AsBefore | Words::Less)
    }

    fn words(&self) -> Words {
        match (self.before, self.now) {
            (None, _) => Words::NotInTheBaseline,
            (_, None) => Words::NoLongerThere,
            (Some(before), Some(now)) if now.locked > before.locked + LOCKED => Words::MoreLocked,
            (Some(before), Some(now)) => {
                let allowed = (before.instructions * TOLERANCE).max(ONE);
                match now.instructions - before.instructions {
                    more if more > allowed => Words::Grown,
                    more if more < -allowed => Words::Less,
                    _ => Words::AsBefore,
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    AsBefore,
    Less,
    Grown,
    MoreLocked,
    NotInTheBaseline,
    NoLongerThere,
}

impl Words {
    fn text(self) -> &'static str {
        match self {
            Self::AsBefore => "as before",
            Self::Less => "less; the baseline could be renewed",
            Self::Grown => "GROWN",
            Self::MoreLocked => "MORE LOCKED",
            Self::NotInTheBaseline => "NOT IN THE BASELINE",
            Self::NoLongerThere => "NO LONGER THERE",
        }
    }
}

/// One line a piece.
pub(crate) fn table(verdicts: &[Verdict]) -> String {
    let mut table = format!(
        "{:<40} {:>10} {:>10} {:>8} {:>10} {:>6}\n",
        "instructions a call, and the locked ones", "before", "now", "change", "before", "now"
    );
    let figure = |executed: Option<Executed>, of: fn(Executed) -> f64| {
        executed.map_or_else(|| "-".into(), |executed| format!("{:.1}", of(executed)))
    };
    let locked = |executed: Executed| executed.locked;
    for verdict in verdicts {
        let (before, now) = (verdict.before, verdict.now);
        let change = before.zip(now).map(|(before, now)| now.instructions / before.instructions - 1.0);
        let _ = writeln!(
            table,
            "{:<40} {:>10} {:>10} {:>8} {:>10} {:>6}  {}",
            verdict.name,
            figure(before, |executed| executed.instructions),
            figure(now, |executed| executed.instructions),
            change.map_or_else(|| "-".into(), |change| format!("{:+.1} %", change * 100.0)),
            figure(before, locked),
            figure(now, locked),
            verdict.words().text(),
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(name: &str, instructions: f64, locked: f64) -> [(String, Executed); 1] {
        [(name.to_owned(), Executed { instructions, locked })]
    }

    fn more(before: f64, now: f64) -> Words {
        judge(&counts("retry", before, 2.0), &counts("retry", now, 2.0)).remove(0).words()
    }

    #[test]
    fn three_in_a_hundred_more_are_allowed_and_no_more() {
        assert_eq!(more(1000.0, 1030.0), Words::AsBefore);
        assert_eq!(more(1000.0, 1030.5), Words::Grown);
    }

    #[test]
    fn of_a_few_instructions_one_more_is_allowed() {
        assert_eq!(more(8.0, 9.0), Words::AsBefore);
        assert_eq!(more(8.0, 10.0), Words::Grown);
    }

    #[test]
    fn no_locked_one_more_is_allowed() {
        let verdict = judge(&counts("retry", 1000.0, 2.0), &counts("retry", 1001.0, 3.0)).remove(0);
        assert_eq!(verdict.words(), Words::MoreLocked);
        assert!(!verdict.holds());
    }

    #[test]
    fn less_holds_and_is_told() {
        assert_eq!(more(1000.0, 500.0), Words::Less);
        assert!(judge(&counts("retry", 10.0, 0.0), &counts("retry", 5.0, 0.0))[0].holds());
    }

    #[test]
    fn pieces_that_one_side_does_not_know_are_told() {
        let verdicts = judge(&counts("old", 10.0, 0.0), &counts("new", 10.0, 0.0));
        assert_eq!(verdicts.len(), 2);
        assert!(verdicts.iter().all(|verdict| !verdict.holds()));
        let table = table(&verdicts);
        assert!(table.contains("NOT IN THE BASELINE") && table.contains("NO LONGER THERE"), "{table}");
    }
}
