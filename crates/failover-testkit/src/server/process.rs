//! One process and the signals it gets. Synchronous throughout.

use std::{
    io,
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

/// A running server; killed and waited for on drop.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    killed: bool,
    _guardian: Guardian,
}

impl Process {
    pub(super) fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut child = command.spawn().map_err(|error| {
            let program = command.get_program().to_string_lossy();
            io::Error::new(error.kind(), format!("cannot run {program}: {error}"))
        })?;
        match Guardian::watch_over(child.id()) {
            Ok(guardian) => Ok(Self { child, killed: false, _guardian: guardian }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn was_killed(&self) -> bool {
        self.killed
    }

    pub(super) fn is_running(&mut self) -> bool {
        !self.killed && matches!(self.child.try_wait(), Ok(None))
    }

    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::KILL)?;
        self.killed = true;
        Ok(())
    }

    pub(super) fn stop(&mut self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    pub(super) fn resume(&mut self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&mut self, signal: Signal) -> io::Result<()> {
        // An exited child is reaped by this check, so the id below is never one of another process.
        if !self.is_running() {
            return Err(not_running());
        }
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

pub(super) fn not_running() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the server process is not running")
}

fn end(child: &mut Child) {
    // Both fail only if the process has gone already, which is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
}

/// Kills the server when this process dies without running its drops.
///
/// A shell waits for the end of a pipe whose other end only this process holds. The kernel's parent-death
/// signal is no use here: it fires at the end of the *thread* that started the child.
#[derive(Debug)]
struct Guardian(Child);

impl Guardian {
    fn watch_over(id: u32) -> io::Result<Self> {
        Command::new("sh")
            .args(["-c", "read -r _; kill -9 \"$0\"", &id.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of a Ctrl-C, which would end it before a stopped server.
            .process_group(0)
            .spawn()
            .map(Self)
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}
