//! Scan iterators, over thousands of keys.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use redis::aio::ConnectionLike;
use redis::{AsyncCommands, AsyncIter, RedisResult, ScanOptions, cmd, pipe};

use crate::{Answers, answers, same_answers};

const KEYS: usize = 5000;

/// The even numbers below this, in words.
fn names(prefix: &str) -> BTreeSet<String> {
    (0..KEYS).map(|number| format!("{prefix}:{number}")).collect()
}

async fn keys<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let mut fill = pipe();
    for name in names("wanted").iter().chain(&names("other")) {
        fill.set(name, 1).ignore();
    }
    fill.exec_async(connection).await?;

    let all: BTreeSet<String> = connection.scan::<String>().await?.try_collect().await?;
    assert_eq!(all.len(), 2 * KEYS);
    let matched: BTreeSet<String> =
        connection.scan_match::<_, String>("wanted:*").await?.try_collect().await?;
    assert_eq!(matched, names("wanted"));
    let options = ScanOptions::default().with_pattern("other:1*").with_count(500);
    let some: BTreeSet<String> = connection.scan_options::<String>(options).await?.try_collect().await?;

    // As an iterator of one's own command, and one step at a time.
    let mut scan = cmd("SCAN");
    scan.cursor_arg(0).arg("MATCH").arg("wanted:*").arg("COUNT").arg(1000);
    let mut iterator: AsyncIter<'_, String> = scan.iter_async(connection).await?;
    let mut seen = BTreeSet::new();
    while let Some(key) = iterator.next_item().await {
        seen.insert(key?);
    }
    drop(iterator);
    assert_eq!(seen, names("wanted"));

    // And with cursors in one's own hands.
    let (mut cursor, mut seen) = (0_u64, BTreeSet::new());
    loop {
        let keys: Vec<String>;
        (cursor, keys) = cmd("SCAN").arg(cursor).arg("COUNT").arg(700).query_async(connection).await?;
        seen.extend(keys);
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(seen, all);
    Ok(answers![all.len(), some])
}

async fn members<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let mut fill = pipe();
    for (number, name) in names("member").iter().enumerate() {
        fill.sadd("set", name).hset("hash", name, number).zadd("scores", name, number).ignore();
    }
    fill.exec_async(connection).await?;

    let set: BTreeSet<String> = connection.sscan::<_, String>("set").await?.try_collect().await?;
    assert_eq!(set, names("member"));
    let hash: BTreeSet<(String, usize)> =
        connection.hscan::<_, (String, usize)>("hash").await?.try_collect().await?;
    assert_eq!(hash.len(), KEYS);
    let scores: BTreeSet<(String, usize)> =
        connection.zscan::<_, (String, usize)>("scores").await?.try_collect().await?;
    assert_eq!(scores, hash);
    let some: BTreeSet<String> =
        connection.sscan_match::<_, _, String>("set", "member:12*").await?.try_collect().await?;
    let fields: BTreeSet<(String, usize)> =
        connection.hscan_match::<_, _, (String, usize)>("hash", "member:34*").await?.try_collect().await?;
    Ok(answers![some, fields])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scans_of_thousands_of_keys_are_answered_alike() {
    same_answers!(keys);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scans_of_thousands_of_members_are_answered_alike() {
    same_answers!(members);
}
