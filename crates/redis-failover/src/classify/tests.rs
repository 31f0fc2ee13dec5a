use std::io;

use failover_testkit::embedded::{Condition, EmbeddedRedis};
use redis::{ErrorKind, RedisError, Value};

use super::{Misconfigured, ReplyClass, Shape, Unserviceable, failures, has_no_room, misconfigured};

fn reply(code: &str) -> Value {
    redis::parse_redis_value(format!("-{code} said so\r\n").as_bytes()).unwrap()
}

fn of(value: &Value) -> ReplyClass {
    ReplyClass::of(Ok(value), Shape::Single)
}

fn of_error(error: impl Into<RedisError>) -> ReplyClass {
    ReplyClass::of(Err(&error.into()), Shape::Single)
}

fn of_pipeline(replies: Vec<Value>) -> ReplyClass {
    ReplyClass::of(Ok(&Value::Array(replies)), Shape::Pipeline)
}

const UNSERVICEABLE: [(&str, Unserviceable); 6] = [
    ("LOADING", Unserviceable::Loading),
    ("MASTERDOWN", Unserviceable::MasterDown),
    ("CLUSTERDOWN", Unserviceable::ClusterDown),
    ("READONLY", Unserviceable::ReadOnly),
    ("NOREPLICAS", Unserviceable::NoReplicas),
    ("MISCONF", Unserviceable::Misconf),
];

#[test]
fn b14_a_database_that_says_it_cannot_serve_has_failed() {
    for (code, why) in UNSERVICEABLE {
        let inside_ok = reply(code);
        assert_eq!(of(&inside_ok), ReplyClass::Unserviceable(why), "{code}");
        assert_eq!(
            of_error(inside_ok.extract_error().unwrap_err()),
            ReplyClass::Unserviceable(why),
            "{code}"
        );
        assert!(ReplyClass::Unserviceable(why).is_failure());
    }
}

#[test]
fn b14_other_replies_show_that_the_database_answered() {
    for code in ["ERR", "OOM", "BUSY", "WRONGTYPE", "TRYAGAIN", "MOVED", "NOSCRIPT", "NOPERM"] {
        assert_eq!(of(&reply(code)), ReplyClass::Answered, "{code}");
        assert_eq!(of_error(reply(code).extract_error().unwrap_err()), ReplyClass::Answered, "{code}");
    }
    assert_eq!(of(&Value::Nil), ReplyClass::Answered);
    assert!(!ReplyClass::Answered.is_failure());
}

#[test]
fn b14_transport_errors_are_failures() {
    use io::ErrorKind as Io;
    for (kind, class) in [
        (Io::TimedOut, ReplyClass::TimedOut),
        (Io::BrokenPipe, ReplyClass::ConnectionLost),
        (Io::ConnectionReset, ReplyClass::ConnectionLost),
        (Io::UnexpectedEof, ReplyClass::ConnectionLost),
        (Io::ConnectionRefused, ReplyClass::Unreachable),
        (Io::HostUnreachable, ReplyClass::Unreachable),
        (Io::NetworkUnreachable, ReplyClass::Unreachable),
        // What a name that does not resolve comes as, and a socket that is not there.
        (Io::Other, ReplyClass::Unreachable),
        (Io::NotFound, ReplyClass::Unreachable),
    ] {
        assert_eq!(of_error(io::Error::new(kind, "failed")), class, "{kind:?}");
        assert!(class.is_failure());
    }
    let gone = (ErrorKind::ClusterConnectionNotFound, "all connections gone");
    assert_eq!(of_error(gone), ReplyClass::Unreachable);
    assert_eq!(of_error((ErrorKind::Parse, "not RESP")), ReplyClass::ConnectionLost);
}

#[test]
fn b14_misconfiguration_is_told_apart_and_evicts_nothing() {
    let credentials = ReplyClass::Misconfigured(Misconfigured::Credentials);
    assert_eq!(of(&reply("NOAUTH")), credentials);
    assert_eq!(of(&reply("WRONGPASS")), credentials);
    assert_eq!(of_error((ErrorKind::AuthenticationFailed, "WRONGPASS")), credentials);
    let protocol = ReplyClass::Misconfigured(Misconfigured::Protocol);
    assert_eq!(of_error((ErrorKind::RESP3NotSupported, "unknown command HELLO")), protocol);
    for message in [
        "invalid peer certificate: UnknownIssuer",
        "invalid peer certificate: certificate expired: verification time 2 (UNIX)",
        "invalid peer certificate: certificate not valid for name \"db.example\"",
        "received fatal alert: CertificateRequired",
        "received fatal alert: UnknownCA",
    ] {
        let class = of_error(io::Error::new(io::ErrorKind::InvalidData, message));
        assert_eq!(class, ReplyClass::Misconfigured(Misconfigured::TlsTrust), "{message}");
        assert!(!class.is_failure() && !class.known_not_applied());
    }
    let address = crate::connection::Address::tcp("db.example", 6380);
    let untrusted = crate::connection::TlsTrustError::new(&address, "set server_name");
    let class = of_error(io::Error::new(io::ErrorKind::ConnectionReset, untrusted));
    assert_eq!(class, ReplyClass::Misconfigured(Misconfigured::TlsTrust), "whatever its kind");
    let garbage = io::Error::new(io::ErrorKind::InvalidData, "received corrupt message");
    assert_eq!(of_error(garbage), ReplyClass::ConnectionLost);
}

#[test]
fn b14_what_is_set_up_wrongly_is_told_in_words() {
    let told = |error: RedisError| misconfigured(&error).map(|told| told.to_string());
    let denied = told((ErrorKind::AuthenticationFailed, "WRONGPASS").into()).unwrap();
    assert!(denied.starts_with("user or password is wrong or missing: "), "{denied}");
    let outdated = told((ErrorKind::RESP3NotSupported, "unknown command HELLO").into()).unwrap();
    assert!(outdated.starts_with("it does not speak the protocol: "), "{outdated}");
    let unknown = io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer");
    let distrusted = told(unknown.into()).unwrap();
    assert!(distrusted.starts_with("a certificate is not trusted: "), "{distrusted}");
    assert_eq!(told(io::Error::from(io::ErrorKind::ConnectionRefused).into()), None);
}

#[test]
fn b36_a_server_without_room_says_so_or_hangs_up() {
    let full = |error: RedisError| has_no_room(&error);
    let said = |said: &str| redis::parse_redis_value(said.as_bytes()).unwrap().extract_error().unwrap_err();
    assert!(full(said("-ERR max number of clients reached\r\n")));
    assert!(full(io::Error::from(io::ErrorKind::ConnectionReset).into()));
    assert!(!full(said("-ERR unknown command\r\n")));
    assert!(!full(io::Error::from(io::ErrorKind::TimedOut).into()));
}

#[test]
fn b16_each_failure_is_of_one_kind_and_an_answer_of_none() {
    for (class, kind) in [
        (ReplyClass::Unreachable, failures::UNREACHABLE),
        (ReplyClass::ConnectionLost, failures::CONNECTION_LOST),
        (ReplyClass::TimedOut, failures::TIMED_OUT),
        (ReplyClass::Unserviceable(Unserviceable::Loading), failures::UNSERVICEABLE),
        (ReplyClass::PartlyUnserviceable(Unserviceable::ReadOnly), failures::UNSERVICEABLE),
        (ReplyClass::Aborted(Unserviceable::Misconf), failures::UNSERVICEABLE),
        (ReplyClass::Answered, tower_failover::Kinds::NONE),
        (ReplyClass::Ours, tower_failover::Kinds::NONE),
    ] {
        assert_eq!(failures::of(class), kind, "{class:?}");
        assert_eq!(class.unserviceable().is_some(), kind == failures::UNSERVICEABLE, "{class:?}");
    }
}

#[test]
fn b14_errors_of_our_own_are_neutral() {
    for kind in [ErrorKind::Client, ErrorKind::InvalidClientConfig, ErrorKind::UnexpectedReturnType] {
        assert_eq!(of_error((kind, "bad arguments")), ReplyClass::Ours);
    }
    assert!(!ReplyClass::Ours.is_failure());
}

#[test]
fn b14_an_array_is_looked_into_only_if_the_request_was_a_pipeline() {
    let array = Value::Array(vec![reply("LOADING")]);
    assert_eq!(of(&array), ReplyClass::Answered);
    assert_eq!(of_pipeline(vec![Value::Array(vec![reply("LOADING")])]), ReplyClass::Answered);

    let exec = Value::Array(vec![Value::Array(vec![Value::Okay, reply("READONLY")])]);
    let class = ReplyClass::of(Ok(&exec), Shape::Atomic);
    assert_eq!(class, ReplyClass::PartlyUnserviceable(Unserviceable::ReadOnly));
    let refused = Value::Array(vec![reply("LOADING")]);
    let class = ReplyClass::of(Ok(&refused), Shape::Atomic);
    assert_eq!(class, ReplyClass::Unserviceable(Unserviceable::Loading), "instead of the replies");
}

#[test]
fn b32_four_replies_show_that_nothing_was_applied() {
    for (code, why) in UNSERVICEABLE {
        let known = !matches!(why, Unserviceable::NoReplicas | Unserviceable::Misconf);
        assert_eq!(of(&reply(code)).known_not_applied(), known, "{code}");
    }
}

#[tokio::test]
async fn b32_nothing_of_an_aborted_transaction_was_applied_whatever_refused_its_commands() {
    let server = EmbeddedRedis::start().await.unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut transaction = redis::pipe();
    transaction.atomic().get("other").set("key", 1);
    for (condition, class) in [
        (Condition::ReadOnly, ReplyClass::Aborted(Unserviceable::ReadOnly)),
        (Condition::MisconfWrites, ReplyClass::Aborted(Unserviceable::Misconf)),
        (Condition::NoReplicas, ReplyClass::Aborted(Unserviceable::NoReplicas)),
        (Condition::OutOfMemory, ReplyClass::Answered),
    ] {
        server.control().answer(condition);
        let error = transaction.exec_async(&mut connection).await.unwrap_err();
        assert_eq!(of_error(error), class);
        assert_eq!(class.known_not_applied(), class.is_failure(), "{class:?}");
    }
}

#[test]
fn b32_a_transport_error_leaves_open_whether_the_command_was_applied() {
    for class in
        [ReplyClass::ConnectionLost, ReplyClass::TimedOut, ReplyClass::Unreachable, ReplyClass::Answered]
    {
        assert!(!class.known_not_applied(), "{class:?}");
    }
}

#[test]
fn b32_of_a_pipeline_every_element_must_have_been_refused() {
    assert!(of_pipeline(vec![reply("LOADING"), reply("READONLY")]).known_not_applied());
    for partly in [
        vec![reply("LOADING"), Value::Okay],
        vec![Value::Okay, reply("LOADING")],
        vec![reply("LOADING"), reply("WRONGTYPE")],
        vec![reply("LOADING"), reply("MISCONF")],
        vec![reply("LOADING"), reply("NOAUTH")],
    ] {
        assert!(!of_pipeline(partly.clone()).known_not_applied(), "{partly:?}");
    }
    assert!(of_pipeline(vec![reply("LOADING"), Value::Okay]).is_failure());
    assert_eq!(of_pipeline(vec![]), ReplyClass::Answered);
}
