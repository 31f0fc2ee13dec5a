//! Lists, sets, hashes, sorted sets and places.

use std::collections::{BTreeMap, BTreeSet};

use redis::aio::ConnectionLike;
use redis::geo::{Coord, RadiusOptions, RadiusOrder, RadiusSearchResult, Unit};
use redis::{AsyncCommands, Direction, RedisResult, Value, cmd};

use crate::{Answers, answers, same_answers};

async fn lists<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let length: usize = connection.rpush("list", &["a", "b", "c", "d"]).await?;
    let first: Option<String> = connection.lpop("list", None).await?;
    let all: Vec<String> = connection.lrange("list", 0, -1).await?;
    assert_eq!(all, ["b", "c", "d"]);
    let moved: String = connection.lmove("list", "other", Direction::Left, Direction::Right).await?;
    let at: Option<String> = connection.lindex("list", 0).await?;
    connection.lset::<_, _, ()>("list", 0, "changed").await?;
    let removed: usize = connection.lrem("list", 0, "d").await?;
    connection.ltrim::<_, ()>("list", 0, 0).await?;
    // Blocking ones too, with and without an element.
    let popped: Option<(String, String)> = connection.blpop(&["nobody", "list"], 1.0).await?;
    assert_eq!(popped, Some(("list".into(), "changed".into())));
    let late: Option<(String, String)> = connection.brpop("list", 0.02).await?;
    assert_eq!(late, None);
    Ok(answers![length, first, moved, at, removed])
}

async fn sets<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let added: usize = connection.sadd("primes", &[2, 3, 5, 7]).await?;
    let again: usize = connection.sadd("primes", 7).await?;
    connection.sadd::<_, _, ()>("odd", &[1, 3, 5, 7, 9]).await?;
    let both: BTreeSet<i64> = connection.sinter(&["primes", "odd"]).await?;
    assert_eq!(both, BTreeSet::from([3, 5, 7]));
    let all: BTreeSet<i64> = connection.sunion(&["primes", "odd"]).await?;
    let but: BTreeSet<i64> = connection.sdiff(&["primes", "odd"]).await?;
    let member: bool = connection.sismember("primes", 4).await?;
    let members: Vec<bool> = connection.smismember("primes", &[2, 4]).await?;
    let stored: usize = connection.sunionstore("stored", &["primes", "odd"]).await?;
    let moved: bool = connection.smove("primes", "odd", 2).await?;
    let removed: usize = connection.srem("primes", &[3, 100]).await?;
    let count: usize = connection.scard("primes").await?;
    assert_eq!(count, 2);
    Ok(answers![added, again, all, but, member, members, stored, moved, removed])
}

async fn hashes<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    connection.hset_multiple::<_, _, _, ()>("hash", &[("name", "ann"), ("age", "42")]).await?;
    let all: BTreeMap<String, String> = connection.hgetall("hash").await?;
    assert_eq!(all["name"], "ann");
    let age: i64 = connection.hincr("hash", "age", 1).await?;
    let fields: (String, i64, Option<String>) = connection.hmget("hash", &["name", "age", "none"]).await?;
    assert_eq!(fields, ("ann".into(), 43, None));
    let once: bool = connection.hset_nx("hash", "name", "bob").await?;
    let keys: BTreeSet<String> = connection.hkeys("hash").await?;
    let values: BTreeSet<String> = connection.hvals("hash").await?;
    let there: bool = connection.hexists("hash", "none").await?;
    let gone: usize = connection.hdel("hash", &["age", "none"]).await?;
    let count: usize = connection.hlen("hash").await?;
    Ok(answers![all, age, once, keys, values, there, gone, count])
}

async fn sorted_sets<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let added: usize =
        connection.zadd_multiple("scores", &[(1.0, "ann"), (2.5, "bob"), (10.0, "cid")]).await?;
    let new: f64 = connection.zincr("scores", "ann", 4).await?;
    assert_eq!(new, 5.0);
    let order: Vec<String> = connection.zrange("scores", 0, -1).await?;
    assert_eq!(order, ["bob", "ann", "cid"]);
    let scored: Vec<(String, f64)> = connection.zrange_withscores("scores", 0, -1).await?;
    let within: Vec<String> = connection.zrangebyscore("scores", "(2.5", "+inf").await?;
    let best: Vec<(String, f64)> = connection.zrevrange_withscores("scores", 0, 0).await?;
    let rank: Option<usize> = connection.zrank("scores", "cid").await?;
    let score: Option<f64> = connection.zscore("scores", "nobody").await?;
    let lowest: Vec<(String, f64)> = connection.zpopmin("scores", 1).await?;
    let popped: Option<(String, String, f64)> = connection.bzpopmax("scores", 1.0).await?;
    assert_eq!(popped, Some(("scores".into(), "cid".into(), 10.0)));
    let count: usize = connection.zcard("scores").await?;
    Ok(answers![added, scored, within, best, rank, score, lowest, count])
}

async fn places<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let (palermo, catania) = (Coord::lon_lat(13.361_389, 38.115_556), Coord::lon_lat(15.087_269, 37.502_669));
    let added: usize = connection.geo_add("sicily", &[(palermo, "palermo"), (catania, "catania")]).await?;
    let distance: f64 = connection.geo_dist("sicily", "palermo", "catania", Unit::Kilometers).await?;
    assert!((166.0..167.0).contains(&distance), "{distance} km");
    let hashes: Vec<String> = connection.geo_hash("sicily", &["palermo", "catania"]).await?;
    let positions: Vec<Option<Coord<f64>>> = connection.geo_pos("sicily", &["palermo", "nowhere"]).await?;
    let options = RadiusOptions::default().with_dist().order(RadiusOrder::Asc);
    let near: Vec<RadiusSearchResult> =
        connection.geo_radius("sicily", 15.0, 37.0, 200.0, Unit::Kilometers, options).await?;
    let near: Vec<_> = near.into_iter().map(|found| (found.name, found.dist)).collect();
    assert_eq!(near.len(), 2);
    let mut search = cmd("GEOSEARCH");
    search.arg("sicily").arg("FROMMEMBER").arg("palermo").arg("BYRADIUS").arg(50).arg("km");
    let found: Value = search.query_async(connection).await?;
    Ok(answers![added, hashes, positions, near, found])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_answered_alike() {
    same_answers!(lists);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sets_are_answered_alike() {
    same_answers!(sets);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hashes_are_answered_alike() {
    same_answers!(hashes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sorted_sets_are_answered_alike() {
    same_answers!(sorted_sets);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_are_answered_alike() {
    same_answers!(places);
}
