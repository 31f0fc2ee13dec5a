//! Connections, and what is answered on them.

use std::{future, io, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{Answer, Inner, State, request::Request};

pub(super) struct Server {
    pub(super) state: Arc<State>,
    pub(super) prefix: String,
    pub(super) user_and_password: Option<(String, String)>,
}

impl Server {
    pub(super) async fn run(self, listener: TcpListener, acceptor: TlsAcceptor) {
        let server = Arc::new(self);
        let mut connections = JoinSet::new();
        while let Ok((connection, _)) = listener.accept().await {
            let (server, acceptor) = (Arc::clone(&server), acceptor.clone());
            // Whoever hangs up or is not let in is no concern of the others.
            connections.spawn(async move { drop(server.serve(connection, acceptor).await) });
        }
    }

    async fn serve(&self, connection: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
        let mut stream = acceptor.accept(connection).await?;
        while let Some(request) = Request::read(&mut stream).await? {
            let answer = self.answer(&request);
            if !give(&mut stream, answer).await? {
                break;
            }
        }
        stream.shutdown().await
    }

    fn answer(&self, request: &Request) -> Said {
        let mut state = self.state.lock();
        state.requests.push(request.target.clone());
        let instead = state.answer_to.iter().find(|(end, _)| request.path().ends_with(end.as_str()));
        if let Some((_, answer)) = instead {
            return Said::Instead(answer.clone());
        }
        let known = self.user_and_password.as_ref();
        if known.is_some_and(|(user, password)| !request.is_from(user, password)) {
            return Said::Truth(401, String::new());
        }
        match request.path().strip_prefix(self.prefix.as_str()) {
            Some("/v1/bdbs") => Said::Truth(200, listed(&state)),
            Some(path) => available(&state, path, request),
            None => Said::Truth(404, String::new()),
        }
    }
}

enum Said {
    Truth(u16, String),
    Instead(Answer),
}

fn listed(state: &Inner) -> String {
    let databases: Vec<String> = state.databases.values().map(super::RestDatabase::json).collect();
    format!("[{}]", databases.join(","))
}

fn available(state: &Inner, path: &str, request: &Request) -> Said {
    let uid = path.strip_prefix("/v1/bdbs/").and_then(|path| path.strip_suffix("/availability"));
    let Some(database) = uid.and_then(|uid| state.databases.get(&uid.parse().ok()?)) else {
        return Said::Truth(404, String::new());
    };
    let tolerance = request
        .query("extend_check")
        .filter(|check| *check == "lag")
        .and_then(|_| request.query("availability_lag_tolerance_ms")?.parse().ok());
    match database.trouble(tolerance) {
        None => Said::Truth(200, String::new()),
        Some(code) => Said::Truth(503, format!("{{\"error_code\":\"{code}\",\"description\":\"it is so\"}}")),
    }
}

/// Tells whether the connection goes on.
async fn give(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), said: Said) -> io::Result<bool> {
    let (status, body) = match said {
        Said::Truth(status, body) => (status, body.into_bytes()),
        Said::Instead(Answer::Status(status)) => (status, Vec::new()),
        Said::Instead(Answer::Body(body)) => (200, body),
        Said::Instead(Answer::Raw(bytes)) => {
            stream.write_all(&bytes).await?;
            return Ok(false);
        }
        Said::Instead(Answer::Endless) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[").await?;
            loop {
                stream.write_all(&[b' '; 4096]).await?;
            }
        }
        Said::Instead(Answer::Nothing) => future::pending().await,
    };
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        if status == 200 { "OK" } else { "Otherwise" },
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    stream.flush().await?;
    Ok(true)
}
