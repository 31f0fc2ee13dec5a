//! Who the client is and how it speaks.

use super::{
    Answer, Context, Outcome, Refusal,
    arguments::{integer, is, word},
};
use crate::embedded::{
    client::{Client, ClientId},
    pubsub::Kind,
    resp::{Protocol, Value},
    store::DATABASES,
};

const VERSION: &str = super::info::VERSION;

pub(super) fn ping(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let client = context.client();
    let subscribed = client.is_subscriber();
    match arguments {
        // Among messages, the answer must look like one.
        [] if subscribed => Ok(Value::Array(vec![Value::text("pong"), Value::text("")])),
        [text] if subscribed => Ok(Value::Array(vec![Value::text("pong"), Value::text(text)])),
        [] => Ok(Value::Simple("PONG".into())),
        [text] => Ok(Value::text(text)),
        _ => Err(Refusal::arity("ping")),
    }
}

pub(super) fn echo(_: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    Ok(Value::text(&arguments[0]))
}

pub(super) fn quit(_: &mut Context<'_>, _: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    Ok(Outcome::Close(Value::OK))
}

pub(super) fn reset(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    context.engine.reset(context.id);
    Ok(Value::Simple("RESET".into()))
}

pub(super) fn select(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let index = integer(&arguments[0]).map_err(|_| Refusal::fixed("ERR invalid DB index"))?;
    let index = usize::try_from(index).ok().filter(|index| *index < DATABASES);
    context.client().database = index.ok_or(Refusal::fixed("ERR DB index is out of range"))?;
    Ok(Value::OK)
}

pub(super) fn auth(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    match arguments {
        [_] if !context.engine.accounts().has_default_password() => Err(Refusal::fixed(
            "ERR AUTH <password> called without any password configured for the default user. \
             Are you sure your configuration is correct?",
        )),
        [password] => log_in(context, b"default", password),
        [user, password] => log_in(context, user, password),
        _ => Err(Refusal::SYNTAX),
    }
}

fn log_in(context: &mut Context<'_>, user: &[u8], password: &[u8]) -> Answer {
    let user = context.engine.accounts().log_in(user, password);
    let user = user.ok_or(Refusal::fixed("WRONGPASS invalid username-password pair or user is disabled."))?;
    context.client().user = Some(user);
    Ok(Value::OK)
}

pub(super) fn hello(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut protocol = None;
    let mut name = None;
    if let [version, options @ ..] = arguments {
        let version = integer(version)
            .map_err(|_| Refusal::fixed("ERR Protocol version is not an integer or out of range"))?;
        protocol = Some(match version {
            2 => Protocol::Resp2,
            3 => Protocol::Resp3,
            _ => return Err(Refusal::fixed("NOPROTO unsupported protocol version")),
        });
        let mut options = options;
        while let [option, rest @ ..] = options {
            options = match rest {
                [user, password, rest @ ..] if is(option, "auth") => {
                    log_in(context, user, password)?;
                    rest
                }
                [new, rest @ ..] if is(option, "setname") => {
                    name = Some(valid_name(new)?);
                    rest
                }
                _ => {
                    let option = String::from_utf8_lossy(option);
                    return Err(Refusal::new(format!("ERR Syntax error in HELLO option '{option:.128}'")));
                }
            };
        }
    }
    let id = context.id;
    let client = context.client();
    if client.user.is_none() {
        return Err(Refusal::fixed(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> \
             AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol \
             version at the same time",
        ));
    }
    if let Some(name) = name {
        client.name = name;
    }
    if let Some(protocol) = protocol {
        client.outbox.speak(protocol);
    }
    let version = client.outbox.protocol().number();
    let role = if context.engine.condition.is_replica() { "replica" } else { "master" };
    let pairs = [
        ("server", Value::text("redis")),
        ("version", Value::text(VERSION)),
        ("proto", Value::Integer(version)),
        ("id", number(id)),
        ("mode", Value::text("standalone")),
        ("role", Value::text(role)),
        ("modules", Value::Array(Vec::new())),
    ];
    Ok(Value::Map(pairs.map(|(key, value)| (Value::text(key), value)).into()))
}

fn number(id: ClientId) -> Value {
    Value::Integer(i64::try_from(id).unwrap_or(i64::MAX))
}

fn valid_name(name: &[u8]) -> Result<Vec<u8>, Refusal> {
    if name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Ok(name.to_vec());
    }
    Err(Refusal::fixed("ERR Client names cannot contain spaces, newlines or special characters."))
}

pub(super) fn client(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    let id = context.id;
    let subcommand = word(&arguments[0]);
    let reply = match (subcommand.as_str(), &arguments[1..]) {
        ("id", []) => number(id),
        ("setname", [name]) => {
            context.client().name = valid_name(name)?;
            Value::OK
        }
        ("getname", []) => match &context.client().name {
            name if name.is_empty() => Value::Null,
            name => Value::text(name),
        },
        ("setinfo", [_, _]) | ("no-evict" | "no-touch", [_]) => Value::OK,
        ("list", _) => Value::Verbatim(context.engine.clients().map(listed).collect()),
        ("info", []) => Value::Verbatim(listed((&id, context.client()))),
        ("kill", filters) => return kill(context, filters),
        ("id" | "setname" | "getname" | "setinfo" | "no-evict" | "no-touch" | "info", _) => {
            return Err(Refusal::arity(&format!("client|{subcommand}")));
        }
        _ => return Err(Refusal::unknown_subcommand("CLIENT", &arguments[0])),
    };
    Ok(Outcome::Reply(reply))
}

/// A line of CLIENT LIST.
fn listed((id, client): (&ClientId, &Client)) -> String {
    let count =
        |kind: Kind| client.subscriptions.iter().filter(|(subscribed, _)| *subscribed == kind).count();
    format!(
        "id={id} addr={} name={} age={} db={} sub={} psub={} ssub={} multi={} user={} resp={}\n",
        client.peer,
        String::from_utf8_lossy(&client.name),
        client.connected.elapsed().as_secs(),
        client.database,
        count(Kind::Channel),
        count(Kind::Pattern),
        count(Kind::Shard),
        client.transaction.as_ref().map_or(-1, |transaction| transaction.queued.len() as isize),
        client.user.as_deref().unwrap_or("(none)"),
        client.outbox.protocol().number(),
    )
}

fn kill(context: &mut Context<'_>, filters: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    let own = context.id;
    if let [peer] = filters {
        let found = context.engine.clients().find(|(_, client)| client.peer.as_bytes() == peer.as_slice());
        let (id, client) = found.ok_or(Refusal::fixed("ERR No such client"))?;
        if *id == own {
            return Ok(Outcome::Close(Value::OK));
        }
        client.outbox.close();
        return Ok(Outcome::Reply(Value::OK));
    }
    let (mut skip_own, mut chosen) = (true, context.engine.clients().collect::<Vec<_>>());
    for filter in filters.chunks(2) {
        let [name, value] = filter else { return Err(Refusal::SYNTAX) };
        let text = word(value);
        match (word(name).as_str(), text.as_str()) {
            ("skipme", "yes" | "no") => skip_own = text == "yes",
            ("id", _) => {
                let wanted =
                    integer(value).map_err(|_| Refusal::fixed("ERR client-id should be greater than 0"))?;
                chosen.retain(|(id, _)| i64::try_from(**id) == Ok(wanted));
            }
            ("addr", _) => chosen.retain(|(_, client)| client.peer.as_bytes() == value.as_slice()),
            ("user", _) => {
                chosen.retain(|(_, client)| client.user.as_deref().map(str::as_bytes) == Some(value));
            }
            ("type", "normal") => chosen.retain(|(_, client)| client.subscriptions.is_empty()),
            ("type", "pubsub") => chosen.retain(|(_, client)| !client.subscriptions.is_empty()),
            ("type", "master" | "slave" | "replica") => chosen.clear(),
            ("type", _) => {
                return Err(Refusal::new(format!("ERR Unknown client type '{text:.128}'")));
            }
            _ => return Err(Refusal::SYNTAX),
        }
    }
    if skip_own {
        chosen.retain(|(id, _)| **id != own);
    }
    let killed = Value::count(chosen.len());
    let (itself, others): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|(id, _)| **id == own);
    for (_, client) in others {
        client.outbox.close();
    }
    Ok(if itself.is_empty() { Outcome::Reply(killed) } else { Outcome::Close(killed) })
}
