//! Databases that are reached over TLS, on real servers.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod distrust;
mod failover;
mod rotation;
mod settings;
mod trust;

use std::{sync::Arc, time::Duration};

use failover_testkit::{
    server::{RealServer, ServerTls},
    tls::Authority,
};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisResult};
use redis_failover::{
    Tls,
    connection::{Dialled, Endpoint, TcpConnect, TlsConnect},
};

/// The names under which a server of this machine is dialled.
const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// A server that speaks TLS.
async fn server(tls: impl Into<ServerTls>) -> RealServer {
    RealServer::builder().tls(tls).start().await.unwrap()
}

/// One that every client may use who trusts the authority.
async fn server_of(authority: &Authority) -> RealServer {
    server(&authority.server(HERE)).await
}

/// One that lets in only clients of the authority.
async fn mutual_server_of(authority: &Authority) -> RealServer {
    let tls = ServerTls::from(&authority.server(HERE)).require_clients_of(authority.pem());
    server(tls).await
}

/// One connection to the server, as commands and probes have it.
async fn dial(server: &RealServer, tls: Tls) -> RedisResult<Dialled> {
    dial_as("127.0.0.1", server, tls).await
}

async fn dial_as(host: &str, server: &RealServer, tls: Tls) -> RedisResult<Dialled> {
    let address = ConnectionAddr::Tcp(host.into(), server.tls_addr().unwrap().port());
    let info: ConnectionInfo = address.into_connection_info()?;
    let connect = TlsConnect::new(tls, TcpConnect::default()).unwrap();
    Endpoint::new(info, Arc::new(connect), Duration::from_secs(20)).dial(None).await
}

/// The connection is one.
async fn answers(dialled: RedisResult<Dialled>) {
    let mut dialled = dialled.unwrap();
    let pong: String = redis::cmd("PING").query_async(&mut dialled.connection).await.unwrap();
    assert_eq!(pong, "PONG");
}
