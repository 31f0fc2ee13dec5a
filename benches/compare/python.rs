//! redis-py in a virtual environment of its own, made once and kept beside what cargo builds.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime::Runtime;

const PACKAGES: [&str; 3] = ["redis", "pybreaker", "hiredis"];
const VERSION: &str = "import redis, pybreaker, hiredis; print(redis.__version__)";

/// A Python that has redis-py.
///
/// # Clone
/// A clone is the same one.
#[derive(Debug, Clone)]
pub(crate) struct Python {
    program: PathBuf,
    /// Of redis-py.
    pub(crate) version: String,
}

impl Python {
    /// `None`, and a word about it, where there is no `python3` or no way to the packages.
    pub(crate) fn find(runtime: &Runtime) -> Option<Self> {
        let found = runtime.block_on(environment());
        found.inspect_err(|error| eprintln!("redis-py is not measured: {error}")).ok()
    }

    /// Runs this script with these arguments.
    pub(crate) fn start(&self, script: &str, arguments: &[&str]) -> Result<Script, String> {
        let mut child = Command::new(&self.program)
            .args(["-c", script])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| error.to_string())?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        Ok(Script { _child: child, input, output })
    }
}

/// A script that runs. Dropping it ends it.
pub(crate) struct Script {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Script {
    /// The next line that it prints.
    pub(crate) async fn line(&mut self) -> Result<String, String> {
        let line = self.output.next_line().await.map_err(|error| error.to_string())?;
        line.ok_or_else(|| "it ended early".into())
    }

    /// Lets it read a line.
    pub(crate) async fn go_on(&mut self) -> Result<(), String> {
        self.input.write_all(b"\n").await.map_err(|error| error.to_string())
    }
}

async fn environment() -> Result<Python, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = program.ancestors().nth(2).ok_or("the program has no target directory")?;
    let folder = target.join("redis-py");
    let program = folder.join("bin").join("python");
    if !program.exists() {
        output(Path::new("python3"), &["-m", "venv", &folder.display().to_string()]).await?;
    }
    let version = match output(&program, &["-c", VERSION]).await {
        Ok(version) => version,
        Err(_) => {
            let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
            output(&program, &[&install[..], &PACKAGES].concat()).await?;
            output(&program, &["-c", VERSION]).await?
        }
    };
    Ok(Python { program, version: version.trim().to_owned() })
}

/// What a program prints; its last word about it if it fails.
async fn output(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.await.map_err(|error| format!("{}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("it failed").to_owned())
}
