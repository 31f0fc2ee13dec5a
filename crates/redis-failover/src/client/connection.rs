//! The client as a redis-rs connection.

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, Value};

use super::MultiDbClient;
use crate::adapter::replies;
use crate::command::Command;
use crate::config::DatabaseConfig;

impl ConnectionLike for MultiDbClient {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move { Ok(self.call(Command::from(command)).await?) })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move { replies(self.call(Command::pipeline(pipeline, offset, count)).await?) })
    }

    fn get_db(&self) -> i64 {
        match self.shared.running.get() {
            Some(running) => running.number(),
            None => self.shared.config.databases.first().map_or(0, DatabaseConfig::number),
        }
    }
}
