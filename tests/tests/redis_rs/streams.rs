//! Streams, read with and without groups, waiting and not.

use redis::aio::ConnectionLike;
use redis::streams::{
    StreamClaimReply, StreamInfoGroupsReply, StreamMaxlen, StreamPendingReply, StreamRangeReply,
    StreamReadOptions, StreamReadReply,
};
use redis::{AsyncCommands, RedisResult};

use crate::{Answers, answers, same_answers};

async fn entries<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    for number in 1..=5 {
        let id: Option<String> =
            connection.xadd("orders", format!("{number}-0"), &[("number", number)]).await?;
        assert_eq!(id, Some(format!("{number}-0")));
    }
    let length: usize = connection.xlen("orders").await?;
    let range: StreamRangeReply = connection.xrange("orders", "2-0", "4-0").await?;
    let ids: Vec<_> = range.ids.iter().map(|entry| (&entry.id, entry.get::<i64>("number"))).collect();
    let ids = format!("{ids:?}");
    assert_eq!(range.ids.len(), 3);
    let last: StreamRangeReply = connection.xrevrange_count("orders", "+", "-", 1).await?;
    assert_eq!(last.ids[0].id, "5-0");
    let read: Option<StreamReadReply> = connection.xread(&["orders"], &["3-0"]).await?;
    let read: Vec<_> = read.unwrap().keys.remove(0).ids.into_iter().map(|entry| entry.id).collect();
    assert_eq!(read, ["4-0", "5-0"]);
    let trimmed: usize = connection.xtrim("orders", StreamMaxlen::Equals(2)).await?;
    let deleted: usize = connection.xdel("orders", &["4-0", "100-0"]).await?;
    Ok(answers![length, ids, trimmed, deleted])
}

async fn groups<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    connection.xgroup_create_mkstream::<_, _, _, ()>("orders", "clerks", "0").await?;
    for number in 1..=4 {
        connection
            .xadd::<_, _, _, _, Option<String>>("orders", format!("{number}-0"), &[("n", number)])
            .await?;
    }
    let as_ann = StreamReadOptions::default().group("clerks", "ann").count(3);
    let read: Option<StreamReadReply> = connection.xread_options(&["orders"], &[">"], &as_ann).await?;
    let ids: Vec<_> = read.unwrap().keys.remove(0).ids.into_iter().map(|entry| entry.id).collect();
    assert_eq!(ids, ["1-0", "2-0", "3-0"]);
    let done: usize = connection.xack("orders", "clerks", &["1-0", "2-0"]).await?;
    let pending: StreamPendingReply = connection.xpending("orders", "clerks").await?;
    assert_eq!(pending.count(), 1);
    let claimed: StreamClaimReply = connection.xclaim("orders", "clerks", "bob", 0, &["3-0"]).await?;
    assert_eq!(claimed.ids[0].id, "3-0");
    let info: StreamInfoGroupsReply = connection.xinfo_groups("orders").await?;
    let groups: Vec<_> =
        info.groups.iter().map(|group| (&group.name, group.consumers, group.pending)).collect();
    let again = connection.xgroup_create::<_, _, _, ()>("orders", "clerks", "0").await.unwrap_err();
    assert_eq!(again.code(), Some("BUSYGROUP"));
    Ok(answers![done, groups, again.to_string()])
}

async fn waiting<C: ConnectionLike + Clone + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    // Nothing comes.
    let briefly = StreamReadOptions::default().block(20);
    let late: Option<StreamReadReply> = connection.xread_options(&["orders"], &["$"], &briefly).await?;
    assert!(late.is_none());
    // Something comes while it is waited for, longer than any response may take; others are not held up. It is
    // written again and again, because nobody can say when the wait has begun.
    let patiently = StreamReadOptions::default().block(10_000);
    let (mut reader, mut writer) = (connection.clone(), connection.clone());
    let read = reader.xread_options(&["orders"], &["$"], &patiently);
    let written = async {
        for number in 0.. {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            if let Err(error) =
                writer.xadd::<_, _, _, _, Option<String>>("orders", "*", &[("number", number)]).await
            {
                return error;
            }
        }
        unreachable!("there is no last number")
    };
    let read: Option<StreamReadReply> = tokio::select! {
        read = read => read?,
        error = written => return Err(error),
    };
    let read = read.unwrap();
    assert_eq!(read.keys[0].key, "orders");
    Ok(answers![read.keys[0].ids.len()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_answered_alike() {
    same_answers!(entries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_of_readers_are_answered_alike() {
    same_answers!(groups);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_waited_for_on_the_client_as_on_a_connection_of_ones_own() {
    for protocol in crate::PROTOCOLS {
        let Some(mut stage) = crate::Stage::set(protocol).await else { return };
        // A plain connection would hold up its own writer.
        assert_eq!(waiting(&mut stage.client).await.unwrap(), ["1"]);
    }
}
