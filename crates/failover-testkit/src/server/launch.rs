//! How a server is started: its arguments, port and directory, and the wait until it answers.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::{ServerTls, process::Process};

/// What a process is started as.
#[derive(Debug, Clone, Default)]
pub(super) enum Role {
    /// A server of its own.
    #[default]
    Alone,
    /// A node of a cluster, with a second port for the others.
    ClusterNode,
    /// A sentinel, with these lines of configuration.
    Sentinel(String),
}

/// Tries of another port, when the one that was free is taken by another process at the start.
const PORT_TRIES: usize = 10;
/// Pause between two looks at a starting server; Redis 7.0 starts in 25 to 45 ms.
const READY_PAUSE: Duration = Duration::from_millis(5);
/// Looks at a starting server: at least ten seconds.
const READY_TRIES: usize = 2_000;
/// Longest wait for one answer of a starting server.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Launch {
    binary: PathBuf,
    arguments: Vec<OsString>,
    password: Option<String>,
    unix_socket: Option<PathBuf>,
    port: u16,
    tls: Option<Tls>,
    role: Role,
    /// Where the nodes of a cluster speak to each other.
    bus_port: u16,
    directory: TempDir,
}

#[derive(Debug)]
struct Tls {
    settings: ServerTls,
    port: u16,
}

/// Why a server did not come up.
enum Failure {
    /// Another process holds the port.
    PortTaken,
    Other(io::Error),
}

impl Launch {
    pub(super) fn new(
        binary: PathBuf,
        arguments: Vec<OsString>,
        password: Option<String>,
        unix_socket: bool,
        tls: Option<ServerTls>,
        role: Role,
    ) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("failover-testkit-").tempdir()?;
        tls.iter().try_for_each(|tls| tls.write(directory.path()))?;
        let tls = tls.map(|settings| Tls { settings, port: 0 });
        let unix_socket = unix_socket.then(|| directory.path().join("redis.sock"));
        Ok(Self { binary, arguments, password, unix_socket, port: 0, tls, role, bus_port: 0, directory })
    }

    pub(super) fn binary(&self) -> &Path {
        &self.binary
    }

    pub(super) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    pub(super) fn unix_socket(&self) -> Option<&Path> {
        self.unix_socket.as_deref()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn tls_port(&self) -> Option<u16> {
        Some(self.tls.as_ref()?.port)
    }

    pub(super) fn bus_port(&self) -> u16 {
        self.bus_port
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts it on a port that is free now.
    pub(super) fn start(&mut self) -> io::Result<Process> {
        for _ in 0..PORT_TRIES {
            // All are held until all are known, so that no two are the same.
            let (plain, secure, bus) = (free_port()?, free_port()?, free_port()?);
            self.port = plain.local_addr()?.port();
            if let Some(tls) = &mut self.tls {
                tls.port = secure.local_addr()?.port();
            }
            self.bus_port = bus.local_addr()?.port();
            drop((plain, secure, bus));
            match self.run() {
                Err(Failure::PortTaken) => {}
                Err(Failure::Other(error)) => return Err(error),
                Ok(process) => return Ok(process),
            }
        }
        Err(self.port_taken())
    }

    /// Starts it on the port it had.
    pub(super) fn start_again(&self) -> io::Result<Process> {
        self.run().map_err(|failure| match failure {
            Failure::PortTaken => self.port_taken(),
            Failure::Other(error) => error,
        })
    }

    fn port_taken(&self) -> io::Error {
        let message = format!("port {} is taken by another process", self.port);
        io::Error::new(io::ErrorKind::AddrInUse, message)
    }

    fn run(&self) -> Result<Process, Failure> {
        let mut process = self.command().and_then(|mut command| Process::spawn(&mut command))?;
        for _ in 0..READY_TRIES {
            if !process.is_running() {
                return Err(self.exit_reason());
            }
            match self.look(process.id()) {
                Look::Ready => return Ok(process),
                Look::Stranger => return Err(Failure::PortTaken),
                Look::NotYet => thread::sleep(READY_PAUSE),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("{} does not answer: {}", self.binary.display(), self.log_end()),
        )
        .into())
    }

    fn command(&self) -> io::Result<Command> {
        let log = File::create(self.log_path())?;
        let mut command = Command::new(&self.binary);
        match &self.role {
            Role::Alone => {
                command.args(["--save", "", "--appendonly", "no"]);
            }
            Role::ClusterNode => {
                command.args([
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                    "--cluster-enabled",
                    "yes",
                    "--cluster-port",
                ]);
                command.arg(self.bus_port.to_string());
            }
            Role::Sentinel(configuration) => {
                // It writes what it learns into this file, and begins anew with what it is told here.
                let path = self.directory().join("sentinel.conf");
                fs::write(&path, configuration)?;
                command.arg(path).arg("--sentinel");
            }
        }
        command
            .args(["--bind", "127.0.0.1"])
            .arg("--port")
            .arg(self.port.to_string())
            .arg("--dir")
            .arg(self.directory())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        if let Some(password) = &self.password {
            command.arg("--requirepass").arg(password);
        }
        if let Some(path) = &self.unix_socket {
            command.arg("--unixsocket").arg(path);
        }
        if let Some(tls) = &self.tls {
            command.args(tls.settings.arguments(self.directory(), tls.port));
        }
        command.args(&self.arguments);
        Ok(command)
    }

    /// Asks whoever answers on the port who it is.
    fn look(&self, id: u32) -> Look {
        let Ok(answer) = self.ask() else { return Look::NotYet };
        let stranger = answer
            .lines()
            .find_map(|line| line.strip_prefix("process_id:"))
            .is_some_and(|process| process.trim() != id.to_string());
        // A replica without its master, or with access rules of the caller's, is up all the same.
        let answers = ["+PONG", "-NOAUTH", "-NOPERM", "-MASTERDOWN"];
        match answers.iter().any(|ready| answer.lines().any(|line| line.starts_with(ready))) {
            _ if stranger => Look::Stranger,
            true => Look::Ready,
            false => Look::NotYet,
        }
    }

    fn ask(&self) -> io::Result<String> {
        self.say("PING\r\nINFO server")
    }

    /// Everything that is answered to these lines of commands without quotes.
    pub(super) fn say(&self, lines: &str) -> io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        let mut question = String::new();
        if let Some(password) = &self.password {
            question = format!("*2\r\n$4\r\nAUTH\r\n${}\r\n{password}\r\n", password.len());
        }
        question.push_str(lines);
        // A sentinel knows no QUIT, but hears that nothing more comes.
        question.push_str("\r\n");
        stream.write_all(question.as_bytes())?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn exit_reason(&self) -> Failure {
        let log = self.log_end();
        if log.contains("Address already in use") {
            return Failure::PortTaken;
        }
        io::Error::other(format!("{} exited: {log}", self.binary.display())).into()
    }

    fn log_path(&self) -> PathBuf {
        self.directory().join("server.log")
    }

    fn log_end(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(5)..].join(" | ")
    }
}

fn free_port() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

enum Look {
    Ready,
    NotYet,
    /// The port is answered by a process that was not started here.
    Stranger,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error)
    }
}
