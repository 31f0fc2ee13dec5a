//! Values of one's own types, bytes of all kinds, and large ones.

use redis::aio::ConnectionLike;
use redis::{
    AsyncCommands, FromRedisValue, ParsingError, RedisResult, RedisWrite, ToRedisArgs, ToSingleRedisArg,
    Value, from_redis_value,
};

use crate::{Answers, answers, same_answers};

const MEGABYTE: usize = 1024 * 1024;

/// Two numbers, as `x,y` on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    x: i64,
    y: i64,
}

impl ToRedisArgs for Point {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        out.write_arg_fmt(format_args!("{},{}", self.x, self.y));
    }
}

impl ToSingleRedisArg for Point {}

impl FromRedisValue for Point {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let text: String = from_redis_value(value)?;
        let parsed = || {
            let (x, y) = text.split_once(',')?;
            Some(Self { x: x.parse().ok()?, y: y.parse().ok()? })
        };
        parsed().ok_or_else(|| format!("no point: {text}").into())
    }
}

async fn own_types<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let (near, far) = (Point { x: 1, y: -2 }, Point { x: i64::MAX, y: i64::MIN });
    connection.set::<_, _, ()>("point", near).await?;
    let read: Point = connection.get("point").await?;
    assert_eq!(read, near);
    connection.rpush::<_, _, ()>("points", &[near, far]).await?;
    let points: Vec<Point> = connection.lrange("points", 0, -1).await?;
    assert_eq!(points, [near, far]);
    let none: Option<Point> = connection.get("nowhere").await?;
    assert_eq!(none, None);
    connection.set::<_, _, ()>("point", "here").await?;
    let error = connection.get::<_, Point>("point").await.unwrap_err();
    Ok(answers![error.to_string()])
}

async fn bytes<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    connection.set::<_, _, ()>(&all, &all).await?;
    let read: Vec<u8> = connection.get(&all).await?;
    assert_eq!(read, all);
    let document = r#"{"name":"Zoë","tags":["a\r\n","\u0000"],"nested":{"empty":""}}"#;
    connection.set::<_, _, ()>("document", document).await?;
    let text: String = connection.get("document").await?;
    assert_eq!(text, document);
    // Words of the protocol inside a value, and nothing at all.
    connection.set::<_, _, ()>("protocol", "*1\r\n$4\r\nPING\r\n-ERR\r\n").await?;
    connection.set::<_, _, ()>("", "").await?;
    let rest: (Vec<u8>, Vec<u8>) = connection.mget(&["protocol", ""]).await?;
    let no_text = connection.get::<_, String>(&all).await.unwrap_err();
    Ok(answers![rest, no_text.to_string()])
}

async fn large<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    for length in [0, 1, 511, 64 * 1024, MEGABYTE, 10 * MEGABYTE + 1] {
        let value: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        connection.set::<_, _, ()>("large", &value).await?;
        let read: Vec<u8> = connection.get("large").await?;
        assert!(read == value, "{length} bytes");
    }
    let length: usize = connection.strlen("large").await?;
    Ok(answers![length])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_ones_own_are_written_and_read_alike() {
    same_answers!(own_types);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_of_all_kinds_are_written_and_read_alike() {
    same_answers!(bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_values_are_written_and_read_alike() {
    same_answers!(large);
}
