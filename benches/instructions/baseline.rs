//! The file that counts are compared with: for people too.

use std::fmt;
use std::process::Command;

use benches::Executed;

use crate::count::Counts;

/// Counts, and what they were taken with.
#[derive(Debug, PartialEq)]
pub(crate) struct Baseline {
    pub(crate) taken: Taken,
    pub(crate) counts: Counts,
}

/// What counts depend on besides the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The compiler, with its commit.
    compiler: String,
    /// What it compiles for.
    target: String,
    /// Of the C library, which copies and allocates.
    libc: String,
    /// Told, but not compared: it counts what the processor does.
    valgrind: String,
}

const UNKNOWN: &str = "unknown";

impl Taken {
    pub(crate) fn here(valgrind: String) -> Self {
        let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
        let verbose = output(&compiler, &["--version", "--verbose"]).unwrap_or_default();
        let after =
            |start: &str| verbose.lines().find_map(|line| line.strip_prefix(start)).map(str::to_owned);
        Self {
            compiler: verbose.lines().next().unwrap_or(UNKNOWN).to_owned(),
            target: after("host: ").unwrap_or_else(|| UNKNOWN.into()),
            libc: output("getconf", &["GNU_LIBC_VERSION"])
                .map_or_else(|| UNKNOWN.into(), |told| told.trim().to_owned()),
            valgrind,
        }
    }

    /// Why counts taken here cannot be compared with counts taken there.
    pub(crate) fn differs_from(&self, there: &Self) -> Option<String> {
        let parts = [
            ("compiler", &self.compiler, &there.compiler),
            ("target", &self.target, &there.target),
            ("libc", &self.libc, &there.libc),
        ];
        let (part, taken, here) = parts.into_iter().find(|(_, taken, here)| taken != here)?;
        Some(format!("the baseline was taken with the {part} {taken}, and here it is {here}"))
    }
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Baseline {
    /// Reads what its `Display` writes.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let told = |name: &str| {
            let line =
                text.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(": "));
            line.map(str::to_owned).ok_or_else(|| format!("the baseline does not tell its {name}"))
        };
        let taken = Taken {
            compiler: told("compiler")?,
            target: told("target")?,
            libc: told("libc")?,
            valgrind: told("valgrind")?,
        };
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let counts = lines.map(|line| {
            read_line(line.trim())
                .ok_or_else(|| format!("not a line of the baseline, which has two counts and a name: {line}"))
        });
        let counts = counts.collect::<Result<_, String>>()?;
        Ok(Self { taken, counts })
    }
}

fn read_line(line: &str) -> Option<(String, Executed)> {
    let (instructions, rest) = line.split_once(' ')?;
    let (locked, name) = rest.trim_start().split_once(' ')?;
    let executed = Executed { instructions: instructions.parse().ok()?, locked: locked.parse().ok()? };
    Some((name.trim_start().to_owned(), executed))
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Taken { compiler, target, libc, valgrind } = &self.taken;
        writeln!(f, "# Instructions a call, and the locked ones among them, by callgrind. Renewed by")?;
        writeln!(f, "#     cargo run --profile instructions -p benches --bin instructions -- --bless")?;
        writeln!(f, "# compiler: {compiler}\n# target: {target}\n# libc: {libc}\n# valgrind: {valgrind}\n")?;
        self.counts.iter().try_for_each(|(name, Executed { instructions, locked })| {
            writeln!(f, "{instructions:>9.1} {locked:>6.1}  {name}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(compiler: &str) -> Taken {
        let text = |text: &str| text.to_owned();
        Taken { compiler: text(compiler), target: text("here"), libc: text("one"), valgrind: text("any") }
    }

    #[test]
    fn what_is_written_is_read() {
        let counts = [("all layers", 738.5, 8.2), ("class of a value", 9.0, 0.0)]
            .map(|(name, instructions, locked)| (name.to_owned(), Executed { instructions, locked }))
            .to_vec();
        let baseline = Baseline { taken: taken("rustc 1.95.0"), counts };
        assert_eq!(Baseline::parse(&baseline.to_string()), Ok(baseline));
    }

    #[test]
    fn a_line_that_is_none_is_told() {
        let text = Baseline { taken: taken("rustc 1.95.0"), counts: Vec::new() }.to_string();
        let error = Baseline::parse(&format!("{text}12.0 many retry\n")).unwrap_err();
        assert!(error.ends_with("12.0 many retry"), "{error}");
    }

    #[test]
    fn another_compilers_counts_are_not_compared() {
        let (old, new) = (taken("rustc 1.95.0"), taken("rustc 1.96.0"));
        assert_eq!(old.differs_from(&old), None);
        let reason = old.differs_from(&new).unwrap();
        assert!(reason.contains("1.95.0") && reason.contains("1.96.0"), "{reason}");
        let newer = Taken { valgrind: "another".into(), ..old.clone() };
        assert_eq!(old.differs_from(&newer), None);
    }
}
