//! As much of a test harness as cargo and nextest ask for: one test for each file cannot be written as functions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use lexopt::ValueExt;
use lexopt::prelude::{Long, Value};

type Body = Box<dyn Fn() -> Result<(), String>>;

pub(crate) struct Test {
    name: String,
    body: Body,
}

impl Test {
    pub(crate) fn new(name: impl Into<String>, body: impl Fn() -> Result<(), String> + 'static) -> Self {
        Self { name: name.into(), body: Box::new(body) }
    }

    fn passes(&self) -> bool {
        let failed = match catch_unwind(AssertUnwindSafe(&self.body)) {
            Ok(Ok(())) => None,
            Ok(Err(why)) => Some(why),
            Err(_) => Some("panicked".into()),
        };
        println!("test {} ... {}", self.name, if failed.is_some() { "FAILED" } else { "ok" });
        if let Some(why) = &failed {
            println!("{why}\n");
        }
        failed.is_none()
    }
}

/// What the command line wants.
#[derive(Default)]
struct Wanted {
    list: bool,
    ignored: bool,
    exact: bool,
    filters: Vec<String>,
}

impl Wanted {
    fn read() -> Result<Self, lexopt::Error> {
        let mut wanted = Self::default();
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("list") => wanted.list = true,
                Long("ignored") => wanted.ignored = true,
                Long("exact") => wanted.exact = true,
                Long("nocapture" | "include-ignored" | "show-output") => {}
                Long("format" | "test-threads" | "color" | "logfile") => drop(arguments.value()?),
                Value(filter) => wanted.filters.push(filter.string()?),
                unknown => return Err(unknown.unexpected()),
            }
        }
        Ok(wanted)
    }

    /// None is ignored.
    fn has(&self, test: &Test) -> bool {
        let matches = |filter: &String| match self.exact {
            true => test.name == *filter,
            false => test.name.contains(filter.as_str()),
        };
        !self.ignored && (self.filters.is_empty() || self.filters.iter().any(matches))
    }
}

pub(crate) fn run(tests: Vec<Test>) -> ExitCode {
    let wanted = match Wanted::read() {
        Ok(wanted) => wanted,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let tests: Vec<_> = tests.into_iter().filter(|test| wanted.has(test)).collect();
    if wanted.list {
        tests.iter().for_each(|test| println!("{}: test", test.name));
        return ExitCode::SUCCESS;
    }
    let failed: Vec<_> = tests.iter().filter(|test| !test.passes()).map(|test| &*test.name).collect();
    println!(
        "test result: {} passed; {} failed {}",
        tests.len() - failed.len(),
        failed.len(),
        failed.join(", ")
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
