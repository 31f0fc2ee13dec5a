use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use failover_testkit::embedded::EmbeddedRedis;
use redis::{AsyncCommands as _, AsyncIter, ExistenceCheck, SetExpiry, SetOptions};

use crate::{connect, until, urls};

#[tokio::test]
async fn strings_and_counters() {
    let server = EmbeddedRedis::start().await.unwrap();
    for url in urls(&server) {
        let mut redis = connect(&url).await;
        let () = redis.flushall().await.unwrap();
        let () = redis.set("a", "1").await.unwrap();
        assert_eq!(redis.incr::<_, _, i64>("a", 4).await.unwrap(), 5);
        assert_eq!(redis.decr::<_, _, i64>("a", 2).await.unwrap(), 3);
        assert_eq!(redis.append::<_, _, usize>("a", "xy").await.unwrap(), 3);
        assert_eq!(redis.strlen::<_, usize>("a").await.unwrap(), 3);
        let error = redis.incr::<_, _, i64>("a", 1).await.unwrap_err();
        assert!(error.to_string().contains("not an integer"), "{error}");

        let only_new = SetOptions::default().conditional_set(ExistenceCheck::NX);
        let refused: Option<String> = redis.set_options("a", "2", only_new.clone()).await.unwrap();
        assert_eq!(refused, None);
        let old: Option<String> = redis.set_options("a", "2", SetOptions::default().get(true)).await.unwrap();
        assert_eq!(old.as_deref(), Some("3xy"));
        let brief = only_new.with_expiration(SetExpiry::PX(60_000));
        assert_eq!(redis.set_options::<_, _, String>("b", "x", brief).await.unwrap(), "OK");
        assert!((1..=60).contains(&redis.ttl::<_, i64>("b").await.unwrap()));

        let () = redis.mset(&[("c", 1), ("d", 2)]).await.unwrap();
        let values: Vec<Option<i64>> = redis.mget(&["c", "nothing", "d"]).await.unwrap();
        assert_eq!(values, [Some(1), None, Some(2)]);
        assert_eq!(redis.getset::<_, _, i64>("c", 9).await.unwrap(), 1);
        assert_eq!(redis.get_del::<_, i64>("c").await.unwrap(), 9);
        assert!(!redis.exists::<_, bool>("c").await.unwrap());
        assert_eq!(redis.del::<_, usize>(&["a", "b", "c"]).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn sets_hashes_and_lists() {
    let server = EmbeddedRedis::start().await.unwrap();
    for url in urls(&server) {
        let mut redis = connect(&url).await;
        let () = redis.flushall().await.unwrap();
        assert_eq!(redis.sadd::<_, _, usize>("set", &["a", "b", "a"]).await.unwrap(), 2);
        assert!(redis.sismember::<_, _, bool>("set", "a").await.unwrap());
        let members: BTreeSet<String> = redis.smembers("set").await.unwrap();
        assert_eq!(members, ["a".to_owned(), "b".to_owned()].into());
        assert_eq!(redis.srem::<_, _, usize>("set", &["a", "b"]).await.unwrap(), 2);
        assert!(!redis.exists::<_, bool>("set").await.unwrap());

        let () = redis.hset_multiple("hash", &[("f", 1), ("g", 2)]).await.unwrap();
        assert_eq!(redis.hincr::<_, _, _, i64>("hash", "f", 5).await.unwrap(), 6);
        let fields: BTreeMap<String, i64> = redis.hgetall("hash").await.unwrap();
        assert_eq!(fields, [("f".to_owned(), 6), ("g".to_owned(), 2)].into());
        assert_eq!(redis.hlen::<_, usize>("hash").await.unwrap(), 2);
        let values: Vec<Option<i64>> = redis.hmget("hash", &["g", "nothing"]).await.unwrap();
        assert_eq!(values, [Some(2), None]);
        assert_eq!(redis.hdel::<_, _, usize>("hash", "f").await.unwrap(), 1);
        assert!(!redis.hexists::<_, _, bool>("hash", "f").await.unwrap());

        assert_eq!(redis.rpush::<_, _, usize>("list", &[1, 2, 3, 4]).await.unwrap(), 4);
        assert_eq!(redis.lpush::<_, _, usize>("list", 0).await.unwrap(), 5);
        let () = redis.ltrim("list", 1, -2).await.unwrap();
        assert_eq!(redis.lrange::<_, Vec<i64>>("list", 0, -1).await.unwrap(), [1, 2, 3]);
        assert_eq!(redis.lpop::<_, i64>("list", None).await.unwrap(), 1);
        assert_eq!(redis.rpop::<_, i64>("list", None).await.unwrap(), 3);
        assert_eq!(redis.llen::<_, usize>("list").await.unwrap(), 1);

        let error = redis.get::<_, String>("list").await.unwrap_err();
        assert_eq!(error.code(), Some("WRONGTYPE"));
    }
}

#[tokio::test]
async fn scans_see_everything() {
    let server = EmbeddedRedis::start().await.unwrap();
    for url in urls(&server) {
        let mut redis = connect(&url).await;
        let () = redis.flushall().await.unwrap();
        for number in 0..55 {
            let () = redis.set(format!("user:{number}"), number).await.unwrap();
        }
        let () = redis.set("other", 1).await.unwrap();
        let () = redis.sadd("set", (0..40).collect::<Vec<_>>()).await.unwrap();
        let found: HashSet<String> = all(redis.scan_match("user:*").await.unwrap()).await;
        assert_eq!(found.len(), 55);
        let members: HashSet<String> = all(redis.sscan("set").await.unwrap()).await;
        assert_eq!(members.len(), 40);
        let keys: Vec<String> = redis.keys("user:1?").await.unwrap();
        assert_eq!(keys.len(), 10);
    }
}

async fn all(mut items: AsyncIter<'_, String>) -> HashSet<String> {
    let mut found = HashSet::new();
    while let Some(item) = items.next_item().await {
        assert!(found.insert(item.unwrap()), "an item came twice");
    }
    found
}

#[tokio::test]
async fn a_blocking_pop_waits_for_the_push() {
    let server = EmbeddedRedis::start().await.unwrap();
    for url in urls(&server) {
        let (mut waiting, mut pushing) = (connect(&url).await, connect(&url).await);
        let before = server.control().commands("blpop");
        let pop = tokio::spawn(async move { waiting.blpop::<_, (String, i64)>(&["x", "y"], 0.0).await });
        until("the pop waits", || server.control().commands("blpop") > before).await;
        let () = pushing.rpush("y", 7).await.unwrap();
        assert_eq!(pop.await.unwrap().unwrap(), ("y".to_owned(), 7));
        assert_eq!(pushing.llen::<_, usize>("y").await.unwrap(), 0);

        let nothing: Option<(String, i64)> = pushing.brpop("x", 0.01).await.unwrap();
        assert_eq!(nothing, None);
    }
}

#[tokio::test(start_paused = true)]
async fn keys_expire_with_the_paused_clock() {
    let server = EmbeddedRedis::builder().detached();
    let (client, stream) = tokio::io::duplex(64 * 1024);
    tokio::spawn({
        let server = server.clone();
        async move { server.serve(stream).await }
    });
    let info = redis::RedisConnectionInfo::default();
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let (mut redis, driver) =
        redis::aio::MultiplexedConnection::new_with_config(&info, client, config).await.unwrap();
    tokio::spawn(driver);

    let () = redis.set_ex("key", "value", 3_600).await.unwrap();
    tokio::time::advance(Duration::from_secs(3_599)).await;
    assert_eq!(redis.ttl::<_, i64>("key").await.unwrap(), 1);
    assert_eq!(redis.get::<_, Option<String>>("key").await.unwrap().as_deref(), Some("value"));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(redis.get::<_, Option<String>>("key").await.unwrap(), None);
    assert_eq!(redis.ttl::<_, i64>("key").await.unwrap(), -2);

    let start = tokio::time::Instant::now();
    let nothing: Option<(String, i64)> = redis.blpop("list", 60.0).await.unwrap();
    assert_eq!(nothing, None);
    assert!(start.elapsed() >= Duration::from_secs(60));
}
