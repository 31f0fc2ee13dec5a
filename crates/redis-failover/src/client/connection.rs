//! The client as a redis-rs connection.

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, Value};

use super::MultiDbClient;
use crate::adapter::replies;
use crate::command::Command;
use crate::config::DatabaseConfig;
use crate::in_box::in_box;

impl ConnectionLike for MultiDbClient {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        in_box(|| self.run(Command::from(command)))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        in_box(|| async move { replies(self.call(Command::pipeline(pipeline, offset, count)).await?) })
    }

    fn get_db(&self) -> i64 {
        match self.shared.running.get() {
            Some(running) => running.number(),
            None => self.shared.config.databases.first().map_or(0, DatabaseConfig::number),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::command::CallOptions;

    #[test]
    fn the_last_options_of_a_handle_are_its_options() {
        let client = MultiDbClient::from_urls(["redis://db-primary:6379"]).unwrap();
        let wishes = CallOptions::new().deadline(Duration::from_millis(5));
        let hurried = client.with(wishes);
        assert_eq!((client.options(), hurried.options()), (CallOptions::new(), wishes));
        assert_eq!(hurried.with(CallOptions::new()).options(), CallOptions::new());
    }

    #[test]
    fn a_call_takes_little_beside_the_one_of_redis_rs() {
        let mut client = MultiDbClient::from_urls(["redis://db-primary:6379"]).unwrap();
        let get = redis::cmd("GET");
        let size = size_of_val(&client.call(Command::from(&get)));
        // What calls touch is what they cost where there are hundreds at a time; redis-rs's future takes 1112 bytes.
        assert!(size <= 1112 + 270, "{size} bytes");
    }
}
