//! The client as a redis-rs connection.

use redis::aio::ConnectionLike as _;
use redis::{Cmd, ConnectionLike, RedisResult, Value};

use super::{MultiDbClient, packed};
use crate::adapter::replies;
use crate::command::Command;
use crate::error::Error;

/// Runs a pipeline that is handed over as bytes.
pub(super) fn packed_commands(
    bytes: &[u8],
    offset: usize,
    count: usize,
    call: impl FnOnce(Command<'_>) -> Result<Value, Error>,
) -> RedisResult<Vec<Value>> {
    let pipeline = packed::pipeline(bytes, offset, count)?;
    if pipeline.is_empty() && !pipeline.is_transaction() {
        return Ok(Vec::new());
    }
    replies(call(Command::pipeline(&pipeline, offset, count))?)
}

impl ConnectionLike for MultiDbClient {
    fn req_packed_command(&mut self, bytes: &[u8]) -> RedisResult<Value> {
        self.req_command(&packed::command(bytes)?)
    }

    fn req_packed_commands(&mut self, bytes: &[u8], offset: usize, count: usize) -> RedisResult<Vec<Value>> {
        packed_commands(bytes, offset, count, |command| self.call(command))
    }

    /// A single command needs not be packed and read back.
    fn req_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        Ok(self.call(Command::from(command))?)
    }

    fn get_db(&self) -> i64 {
        self.client.get_db()
    }

    /// Whether a database serves.
    fn check_connection(&mut self) -> bool {
        redis::cmd("PING").query::<String>(self).is_ok()
    }

    /// Whether the client was not closed.
    fn is_open(&self) -> bool {
        !self.is_closed()
    }
}
