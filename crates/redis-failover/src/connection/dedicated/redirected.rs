//! Blocking commands whose slot is another node's by now.

use redis::Value;

use super::super::{Address, ConnectionError, cluster::is_redirection, place::Redirected};
use super::Dedicated;
use crate::command::Command;

impl Dedicated {
    /// The reply to a call, with what the node at `asked` would not run from where it said. What was served does not
    /// run again.
    pub(super) async fn redirected(
        &self,
        command: &Command<'_>,
        reply: Value,
        asked: &Address,
    ) -> Result<Value, ConnectionError> {
        let mut replies = match reply {
            Value::Array(replies) if command.is_pipeline() => replies,
            reply => {
                return match self.place().redirected(&reply, asked) {
                    Some(to) => self.run_redirected(to, command).await,
                    None => Ok(reply),
                };
            }
        };
        let mut is_partly_served = !replies.iter().all(is_redirection);
        for (command, reply) in command.commands().zip(&mut replies) {
            let Some(to) = self.place().redirected(reply, asked) else { continue };
            match self.run_redirected(to, &Command::from(command)).await {
                Ok(served) => *reply = served,
                Err(error) if is_partly_served => return Err(error.of_a_part()),
                Err(error) => return Err(error),
            }
            is_partly_served = true;
        }
        Ok(Value::Array(replies))
    }

    async fn run_redirected(&self, to: Redirected, command: &Command<'_>) -> Result<Value, ConnectionError> {
        let lease = self.lease_at(to.endpoint).await?;
        if to.asking {
            lease.run(&redis::cmd("ASKING").into()).await?;
        }
        self.run_on(lease, command).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tower_failover::{Availability, Events, Suspicion};

    use super::*;
    use crate::{
        connection::{DedicatedSettings, cluster::lost},
        cursor::CursorTag,
    };

    #[tokio::test(start_paused = true)]
    async fn b33_a_pipeline_that_was_served_in_part_is_in_doubt_whyever_the_rest_was_not() {
        let ((cluster, _), limit) = (lost(), Duration::from_secs(5));
        let settings = |maximum| DedicatedSettings {
            maximum,
            wait: limit,
            response_timeout: limit,
            suspicion: Suspicion::default(),
            cursor_tag: CursorTag::of("here"),
        };
        let moved = redis::parse_redis_value(b"-MOVED 7 two:7002\r\n").unwrap();
        let mut pipeline = redis::pipe();
        pipeline.cmd("BLPOP").arg("a").arg(1).cmd("BLPOP").arg("b").arg(1);
        let (command, asked) = (Command::from(pipeline), Address::tcp("one", 7001));
        // None is left to lease, none can be dialled, and the database is closed.
        for (maximum, is_closed) in [(0, false), (1, false), (1, true)] {
            let availability = Availability::new("here", Events::default());
            let (dedicated, keeper) = Dedicated::open(cluster.clone(), settings(maximum), availability);
            let keeper = (!is_closed).then_some(keeper);
            for (first, is_served) in [(Value::Nil, true), (moved.clone(), false)] {
                let replies = Value::Array(vec![first, moved.clone()]);
                let failed = dedicated.redirected(&command, replies, &asked).await.unwrap_err();
                let is_in_doubt = matches!(failed, ConnectionError::PartlyApplied(_));
                assert_eq!(is_in_doubt, is_served, "{failed:?}");
            }
            drop(keeper);
        }
    }
}
