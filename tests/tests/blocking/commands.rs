//! redis-rs's blocking kinds of use, unchanged, and the rules behind the bytes that they hand over.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{Commands, ConnectionLike, RedisResult, Script, TypedCommands};
use redis_failover::{CallOptions, Error, RetrySafety};
use tests::{PATIENCE, real_server};

use super::{Stage, becomes_active, in_time};

#[test]
fn b54_typed_and_untyped_commands() {
    let stage = Stage::begin();
    let mut client = stage.client();
    Commands::set::<_, _, ()>(&mut client, "key", "value").unwrap();
    assert_eq!(Commands::get::<_, String>(&mut client, "key").unwrap(), "value");
    assert_eq!(TypedCommands::incr(&mut client, "count", 2).unwrap(), 2);
    assert_eq!(TypedCommands::get(&mut client, "nothing").unwrap(), None);
    let bytes: Vec<u8> = (0..=255).collect();
    redis::cmd("SET").arg(&bytes).arg(&bytes).exec(&mut client).unwrap();
    assert_eq!(redis::cmd("GET").arg(&bytes).query::<Vec<u8>>(&mut client).unwrap(), bytes);

    let error = Commands::incr::<_, _, i64>(&mut client, "key", 1).unwrap_err();
    assert!(error.to_string().contains("not an integer"), "the server's own word: {error}");
    let packed = redis::cmd("GET").arg("key").get_packed_command();
    let value: String = redis::from_redis_value(client.req_packed_command(&packed).unwrap()).unwrap();
    assert_eq!(value, "value");
    assert!(client.check_connection() && client.is_open());
    assert_eq!(client.get_db(), 0);
}

#[test]
fn b54_streams_are_written_read_and_waited_for() {
    // The embedded server has no streams.
    let Some(stage) = Stage::durable() else { return };
    let mut client = stage.client();
    let _: () = Commands::xgroup_create_mkstream(&mut client, "orders", "clerks", "0").unwrap();
    let first: String = Commands::xadd(&mut client, "orders", "*", &[("what", "tea")]).unwrap();
    let as_ann = StreamReadOptions::default().group("clerks", "ann").count(10);
    let read: Option<StreamReadReply> =
        Commands::xread_options(&mut client, &["orders"], &[">"], &as_ann).unwrap();
    let read = &read.unwrap().keys[0];
    assert_eq!((read.key.as_str(), read.ids[0].id.as_str()), ("orders", first.as_str()));
    assert_eq!(read.ids[0].get::<String>("what").unwrap(), "tea");
    assert_eq!(Commands::xack::<_, _, _, u64>(&mut client, "orders", "clerks", &[&first]).unwrap(), 1);

    // On a connection of its own, so that others go on meanwhile.
    let mut reader = client.clone();
    let patiently = StreamReadOptions::default().block(10_000);
    let waiting = thread::spawn(move || {
        Commands::xread_options::<_, _, Option<StreamReadReply>>(&mut reader, &["orders"], &["$"], &patiently)
    });
    while !waiting.is_finished() {
        let _: String = Commands::xadd(&mut client, "orders", "*", &[("what", "milk")]).unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    let read = waiting.join().unwrap().unwrap().unwrap();
    assert_eq!(read.keys[0].ids[0].get::<String>("what").unwrap(), "milk");
}

#[test]
fn b47_pipelines_plain_and_atomic() {
    let stage = Stage::begin();
    let mut client = stage.client();
    let (a, b): (i64, String) = redis::pipe()
        .set("a", 1)
        .ignore()
        .incr("a", 1)
        .set("b", "x")
        .ignore()
        .get("b")
        .query(&mut client)
        .unwrap();
    assert_eq!((a, b.as_str()), (2, "x"));

    let sent = commands(&stage.primary, "multi");
    let (a, c): (i64, Vec<u8>) = redis::pipe()
        .atomic()
        .incr("a", 5)
        .set("c", b"\r\n*1\r\n\0")
        .ignore()
        .get("c")
        .query(&mut client)
        .unwrap();
    assert_eq!((a, c.as_slice()), (7, b"\r\n*1\r\n\0".as_slice()));
    assert_eq!(commands(&stage.primary, "multi"), sent + 1, "it was atomic");

    let mut many = redis::pipe();
    for number in 0..1000 {
        many.cmd("ECHO").arg(number);
    }
    assert_eq!(many.query::<Vec<u32>>(&mut client).unwrap(), (0..1000).collect::<Vec<_>>());

    // An error of one command is the pipeline's, and the others were applied.
    let mut wrong = redis::pipe();
    wrong.atomic().set("d", "x").incr("b", 1);
    assert!(wrong.query::<(String, i64)>(&mut client).unwrap_err().to_string().contains("not an integer"));
    assert_eq!(Commands::get::<_, String>(&mut client, "d").unwrap(), "x");
    // What the server will not even queue is not applied at all.
    let mut refused = redis::pipe();
    refused.atomic().set("e", "x").cmd("GET");
    assert!(refused.exec(&mut client).is_err());
    assert!(!Commands::exists::<_, bool>(&mut client, "e").unwrap());

    redis::pipe().exec(&mut client).unwrap();
    redis::pipe().atomic().exec(&mut client).unwrap();
}

#[test]
fn b54_scripts_are_loaded_where_they_are_missing() {
    // The embedded server runs no scripts.
    let Some(_) = real_server() else { return };
    let stage = Stage::begin();
    let mut client = stage.client();
    let script = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    assert_eq!(script.key("key").arg(3).invoke::<i64>(&mut client).unwrap(), 3);
    client.handle().unwrap().set_active("secondary", None).unwrap();
    becomes_active(&client, "secondary");
    assert_eq!(script.key("key").arg(4).invoke::<i64>(&mut client).unwrap(), 4);
}

#[test]
fn b60_a_scan_iterator_goes_through_all_and_never_on_at_another_database() {
    let stage = Stage::begin();
    let mut client = stage.client();
    let keys: BTreeSet<String> = (0..500).map(|number| format!("key:{number}")).collect();
    for key in &keys {
        Commands::set::<_, _, ()>(&mut client, key, 1).unwrap();
        Commands::hset::<_, _, _, ()>(&mut client, "hash", key, 1).unwrap();
    }
    let scanned: RedisResult<BTreeSet<String>> =
        Commands::scan_match::<_, String>(&mut client, "key:*").unwrap().collect();
    assert_eq!(scanned.unwrap(), keys);
    let scanned: RedisResult<Vec<(String, u32)>> =
        Commands::hscan::<_, (String, u32)>(&mut client, "hash").unwrap().collect();
    assert!(scanned.unwrap().len() >= keys.len());

    let handle = client.handle().unwrap();
    let mut scan = Commands::scan::<String>(&mut client).unwrap();
    scan.next().unwrap().unwrap();
    handle.set_active("secondary", None).unwrap();
    let interrupted = scan.find_map(Result::err).expect("the cursor belongs to the primary");
    assert!(matches!(Error::of(&interrupted), Some(Error::ScanInterrupted)), "{interrupted:?}");
}

#[test]
fn b50_what_would_change_the_connection_is_refused_in_bytes_too() {
    let stage = Stage::begin();
    let mut client = stage.client();
    let refused = |result: RedisResult<()>, word: &str| {
        let error = result.unwrap_err();
        let Some(Error::ConnectionState { command, .. }) = Error::of(&error) else { panic!("{error:?}") };
        assert_eq!(*command, word);
    };
    refused(redis::cmd("SELECT").arg(3).exec(&mut client), "SELECT");
    let select = redis::cmd("SELECT").arg(3).get_packed_command();
    refused(client.req_packed_command(&select).map(drop), "SELECT");
    refused(redis::pipe().get("a").cmd("WATCH").arg("a").exec(&mut client), "WATCH");
    refused(redis::pipe().cmd("MULTI").get("a").cmd("EXEC").exec(&mut client), "MULTI");
    refused(redis::pipe().atomic().get("a").cmd("EXEC").exec(&mut client), "EXEC");
    // redis-rs's own transactions watch on the connection that they are given.
    let watched = redis::transaction(&mut client, &["a"], |client, pipe| pipe.get("a").query(client));
    refused(watched, "WATCH");
    assert!(client.req_packed_command(b"PING\r\n").is_err());
    assert!(client.check_connection(), "nothing of all that was sent");
}

#[test]
fn b33_the_bytes_of_a_pipeline_tell_whether_it_may_be_repeated() {
    let stage = Stage::begin();
    let client = stage.client();
    let sent = |client: &redis_failover::blocking::MultiDbClient, pipeline: redis::Pipeline| {
        let mut client = client.clone();
        thread::spawn(move || pipeline.query::<()>(&mut client))
    };
    let all = client.with(CallOptions::new().safety(RetrySafety::All));
    stage.primary.freeze().unwrap();
    let set = sent(&client, redis::pipe().set("a", 1).ignore().set("b", 2).ignore().clone());
    let incr = sent(&client, redis::pipe().set("a", 1).ignore().incr("c", 1).ignore().clone());
    let atomic = sent(&client, redis::pipe().atomic().incr("c", 1).ignore().clone());
    let repeated = sent(&all, redis::pipe().atomic().incr("d", 1).ignore().clone());

    let results = in_time(|| [set, incr, atomic, repeated].map(|thread| thread.join().unwrap()));
    assert!(results[0].is_ok(), "{:?}", results[0]);
    for in_doubt in &results[1..3] {
        let error = in_doubt.as_ref().unwrap_err();
        assert!(matches!(Error::of(error), Some(Error::MayHaveBeenApplied(_))), "{error:?}");
    }
    assert!(results[3].is_ok(), "{:?}", results[3]);
    stage.primary.thaw().unwrap();
}

#[test]
fn b49_a_blocking_command_holds_nobody_up() {
    let stage = Stage::begin();
    let client = stage.client();
    let mut waiting = client.clone();
    let pop = thread::spawn(move || Commands::blpop::<_, (String, u32)>(&mut waiting, "queue", 0.0));
    let mut pipelined = client.clone();
    let nothing = thread::spawn(move || {
        redis::pipe().cmd("BLPOP").arg("empty").arg(1).query::<(Option<String>,)>(&mut pipelined)
    });
    let mut other = client.clone();
    let mut answered = 0;
    while !nothing.is_finished() {
        Commands::set::<_, _, ()>(&mut other, "key", answered).unwrap();
        answered += 1;
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(nothing.join().unwrap().unwrap(), (None,), "its own timeout, which is longer than 500 ms");
    assert!(answered > 20, "{answered}");
    Commands::rpush::<_, _, ()>(&mut other, "queue", 7).unwrap();
    assert_eq!(in_time(|| pop.join().unwrap()).unwrap(), ("queue".to_owned(), 7));
}

#[test]
fn b34_a_deadline_holds_for_the_whole_call() {
    let stage = Stage::begin();
    let client = stage.client();
    let mut hasty = client.with(CallOptions::new().deadline(Duration::from_millis(40)));
    stage.primary.freeze().unwrap();
    let error = in_time(move || Commands::get::<_, Option<String>>(&mut hasty, "key")).unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::TimedOut(limit)) if *limit < PATIENCE), "{error:?}");
    stage.primary.thaw().unwrap();
}

/// How often a server was sent a command.
fn commands(server: &AnyServer, name: &str) -> u64 {
    match server {
        AnyServer::Embedded(server) => server.control().commands(name),
        server => {
            let mut connection = super::directly(server);
            let info: String = redis::cmd("INFO").arg("commandstats").query(&mut connection).unwrap();
            let line = format!("cmdstat_{name}:calls=");
            let calls =
                info.lines().find_map(|found| found.strip_prefix(&line)?.split(',').next()?.parse().ok());
            calls.unwrap_or(0)
        }
    }
}
