//! The build in which tokio's own chance can be seeded.
//!
//! Tokio decides by chance which branch of a `select!` it looks at first, and whom a `watch` wakes first. Its runtimes take
//! a seed for that only if they are built with `--cfg tokio_unstable`, and turmoil then gives them one. A flag for the whole
//! workspace would have everything else tested in a build that no application has; so a command that needs it builds and
//! runs itself again, in a folder of its own.

use std::{
    env, io,
    process::{Command, ExitStatus},
};

use crate::tree::root;

/// Whether this is that build.
pub const IS_SEEDED: bool = cfg!(tokio_unstable);

/// Runs a command of this package in that build, with these arguments.
///
/// # Errors
/// If cargo cannot be run.
pub fn run_again(name: &str, arguments: impl Iterator<Item = String>) -> io::Result<ExitStatus> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(cargo)
        .args(["run", "--quiet", "--release", "--package", "tests", "--bin", name, "--"])
        .args(arguments)
        .current_dir(root())
        .env("RUSTFLAGS", "--cfg tokio_unstable")
        .env("CARGO_TARGET_DIR", root().join("target/simulate"))
        .status()
}
