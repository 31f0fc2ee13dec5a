//! The client in a process of its own, which can be stopped.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

/// A process that runs the program `client_under_load`; ended on drop, also when it is stopped.
#[derive(Debug)]
pub struct StoppableClient {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl StoppableClient {
    /// Starts `program` with these databases and waits until its client serves.
    #[must_use]
    pub fn start(program: &str, primary: &str, secondary: &str) -> Self {
        let mut child = Command::new(program)
            .args([primary, secondary])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut client = Self { child, output };
        let mut line = String::new();
        client.output.read_line(&mut line).unwrap();
        assert_eq!(line, "running\n");
        client
    }

    /// Stops the process, as a paused machine or a debugger would.
    pub fn stop(&self) {
        kill_process(Pid::from_child(&self.child), Signal::STOP).unwrap();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }

    /// Lets it end by itself, and tells which switches it saw.
    #[must_use]
    pub fn end(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let mut switches = String::new();
        self.output.read_to_string(&mut switches).unwrap();
        assert!(self.child.wait().unwrap().success());
        switches.lines().map(str::to_owned).collect()
    }
}

impl Drop for StoppableClient {
    fn drop(&mut self) {
        // Both fail only if it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
