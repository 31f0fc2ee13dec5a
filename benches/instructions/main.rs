//! Whether a command's path has grown: instructions a call of each piece, as callgrind counts them, beside a baseline
//! that is kept with the code.
//!
//! Instructions are the same however busy the machine is. They are another's with another compiler, so the baseline
//! names the one that it was taken with, and nothing is compared with another.

#![expect(clippy::expect_used, reason = "a broken set-up ends the check")]

mod baseline;
mod count;
mod verdict;

use std::path::Path;
use std::process::ExitCode;

use baseline::{Baseline, Taken};

const HELP: &str = "\
Counts the instructions of each piece of a command's path, and compares them with benches/instructions/baseline.txt.

    instructions [--bless]

--bless  writes what is counted as the new baseline
--help   this

Exits with 1 if a piece takes more instructions than the tolerance allows, or is not in the baseline. Says SKIPPED, and
exits with 0, where valgrind is not installed or the baseline is another compiler's or C library's.";

fn main() -> ExitCode {
    // This very program is asked to make calls while callgrind counts.
    if let Some((calls, name)) = benches::to_be_counted() {
        let piece = benches::pieces::all().find(|piece| piece.name == name).expect("the name of a piece");
        piece.make()(calls);
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let blesses = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--bless"] => true,
        ["--help" | "-h"] => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("error: {arguments:?} is not understood; --help tells what is");
            return ExitCode::from(2);
        }
    };
    match check(blesses) {
        Ok(Outcome::Holds) => ExitCode::SUCCESS,
        Ok(Outcome::Skipped(reason)) => {
            println!("SKIPPED: {reason}; nothing is said about instructions");
            ExitCode::SUCCESS
        }
        Ok(Outcome::Grown) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Outcome {
    Holds,
    Grown,
    Skipped(String),
}

fn check(blesses: bool) -> Result<Outcome, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions").join("baseline.txt");
    let Some(valgrind) = count::valgrind() else {
        return Ok(Outcome::Skipped("valgrind is not installed".into()));
    };
    let here = Taken::here(valgrind);
    if blesses {
        let baseline = Baseline { taken: here, counts: count::all()? };
        std::fs::write(&path, baseline.to_string())
            .map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{baseline}");
        return Ok(Outcome::Holds);
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let baseline = Baseline::parse(&text)?;
    if let Some(reason) = baseline.taken.differs_from(&here) {
        return Ok(Outcome::Skipped(reason));
    }
    let verdicts = verdict::judge(&baseline.counts, &count::all()?);
    print!("{}", verdict::table(&verdicts));
    if verdicts.iter().all(verdict::Verdict::holds) {
        return Ok(Outcome::Holds);
    }
    println!(
        "\nIf this is wanted, renew the baseline: cargo run --profile instructions -p benches --bin instructions -- --bless"
    );
    Ok(Outcome::Grown)
}
