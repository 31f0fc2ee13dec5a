//! A history as text, one line for each record.

use std::fmt;

use super::{Call, Record, SeenMember, What};

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>7} ", self.at)?;
        match &self.what {
            What::Begun(fault, server, phase) => write!(f, "fault {fault}{} ({phase})", place(*server)),
            What::Healed(fault, server) => write!(f, "healed {fault}{}", place(*server)),
            What::Woke(stall) => write!(f, "woke after {} ms", stall.as_millis()),
            What::AllHealed => f.write_str("all is healed"),
            What::Called(Call { id, kind, limit }) => {
                write!(f, "call {id} {kind:?} within {} ms", limit.as_millis())
            }
            What::Settled(call, outcome) => write!(f, "call {call} {outcome:?}"),
            What::Abandoned(call) => write!(f, "call {call} abandoned"),
            What::Ran { server, command, call } => write!(f, "server {server} ran {command} of call {call}"),
            What::Told(event) => write!(f, "event {event:?}"),
            What::Seen(seen) => {
                write!(f, "seen v{} {}", seen.version, seen.active.as_deref().unwrap_or("nobody"))?;
                for SeenMember { name, verdict, circuit, forced, drained, free_trials, .. } in &seen.members {
                    let free = free_trials.map_or_else(String::new, |free| format!(" {free} trials free"));
                    let forced = if *forced { " forced" } else { "" };
                    let drained = if *drained { " drained" } else { "" };
                    write!(f, " [{name} {verdict:?} {circuit:?}{free}{forced}{drained}]")?;
                }
                Ok(())
            }
            What::Counted { server, epoch, took } => {
                write!(f, "counted at server {server} in epoch {epoch}: failed after {} ms", took.as_millis())
            }
            What::Read(reader, item) => write!(f, "reader {reader} {item:?}"),
            What::Ordered(order, result) => write!(f, "order {order}: {result}"),
            What::Closed => f.write_str("closed"),
            What::Left { tasks, connections } => write!(f, "left {tasks} tasks, {connections} connections"),
        }
    }
}

fn place(server: Option<usize>) -> String {
    server.map_or_else(String::new, |server| format!(" at server {server}"))
}
