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
                Err(ConnectionError::NoDedicated(error)) if is_partly_served => {
                    return Err(ConnectionError::PartlyApplied(error));
                }
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
