//! Calls of which several nodes get a part.

use redis::cluster_routing::RoutingInfo;

use crate::command::{Command, Repeat, Slots};

/// The commands without keys that redis-rs's client sends to several nodes and that change something. It does not tell
/// which they are. `SCRIPT KILL` and `FUNCTION KILL` are none: they fail only where they did nothing on any node.
const EVERYWHERE: &[&str] = &[
    "ACL DELUSER",
    "ACL SAVE",
    "ACL SETUSER",
    "CONFIG RESETSTAT",
    "CONFIG REWRITE",
    "CONFIG SET",
    "DEBUG",
    "FLUSHALL",
    "FLUSHDB",
    "FUNCTION DELETE",
    "FUNCTION FLUSH",
    "FUNCTION LOAD",
    "FUNCTION RESTORE",
    "LATENCY RESET",
    "MEMORY PURGE",
    "SCRIPT FLUSH",
    "SCRIPT LOAD",
    "SLOWLOG RESET",
];

/// The commands with keys that redis-rs's client sends in parts where the keys are of several slots. All others go to one
/// node as they are, which refuses them.
const BY_KEYS: &[&str] = &["DEL", "JSON.MSET", "MSET", "TOUCH", "UNLINK"];

/// Whether some nodes may have applied a single command that another one did not.
pub(super) fn is_spread(command: &Command<'_>) -> bool {
    if command.repeat() == Repeat::ReadOnly {
        return false;
    }
    match command.routing() {
        Some(RoutingInfo::SingleNode(_)) => false,
        Some(_) => true,
        None if command.slots() == Slots::Several => BY_KEYS.contains(&command.name()),
        None => EVERYWHERE.contains(&command.name()),
    }
}

#[cfg(test)]
mod tests {
    use redis::cluster_routing::{MultipleNodeRoutingInfo, SingleNodeRoutingInfo};

    use super::*;

    fn command(words: &str) -> Command<'static> {
        let mut words = words.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        command.into()
    }

    #[test]
    fn b33_a_change_on_several_nodes_may_have_been_applied_in_part() {
        for spread in [
            "MSET a 1 b 2",
            "del a b",
            "JSON.MSET a $ 1 b $ 2",
            "FLUSHALL",
            "flushdb ASYNC",
            "SCRIPT FLUSH",
            "config set a b",
        ] {
            assert!(is_spread(&command(spread)), "{spread}");
        }
        for whole in [
            "SET a 1",
            "MSET {a}1 1 {a}2 2",
            "PUBLISH a b",
            "EVAL a 0",
            "EVAL a 2 a b",
            "RENAME a b",
            "CONFIG GET a",
            "MGET a b",
            "SCRIPT KILL",
        ] {
            assert!(!is_spread(&command(whole)), "{whole}");
        }
        let everywhere = || RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        assert!(is_spread(&command("SWAPDB 0 1").route(everywhere())));
        assert!(!is_spread(&command("DBSIZE").route(everywhere())));
        let one = RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random);
        assert!(!is_spread(&command("FLUSHALL").route(one)));
    }
}
