//! What a server says of the connections to it, and how those of the health checks are cut.

use redis::aio::ConnectionLike;

/// What a server says of all connections to it, this one included: a line for each.
pub async fn clients_of(connection: &mut impl ConnectionLike) -> String {
    redis::cmd("CLIENT").arg("LIST").query_async(connection).await.unwrap()
}

/// Closes the health checks' connections: those whose last command was a PING.
pub async fn cut_probes(connection: &mut impl ConnectionLike) {
    for line in clients_of(connection).await.lines().filter(|line| line.contains(" cmd=ping ")) {
        let id = line.split(['=', ' ']).nth(1).unwrap();
        // None, if it has gone by itself.
        let _: u64 = redis::cmd("CLIENT").arg(&["KILL", "ID", id]).query_async(connection).await.unwrap();
    }
}
