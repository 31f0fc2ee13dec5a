//! What is found out about a reply or an error.

use std::hint::black_box;
use std::io;

use redis::{RedisError, Value};
use redis_failover::classify::{ReplyClass, Shape};

use super::{Piece, Work};

pub(super) const PIECES: [Piece; 5] = [
    Piece::new("class of a value", || reply(Value::BulkString(b"a value".to_vec()), Shape::Single)),
    Piece::new("class of 100 values", || {
        reply(Value::Array(vec![Value::BulkString(b"a value".to_vec()); 100]), Shape::Pipeline)
    }),
    Piece::new("class of WRONGTYPE", || reply(server_error(b"-WRONGTYPE it is a list\r\n"), Shape::Single)),
    Piece::new("class of LOADING", || reply(server_error(b"-LOADING it reads its data\r\n"), Shape::Single)),
    Piece::new("class of a lost connection", || {
        let error = RedisError::from(io::Error::from(io::ErrorKind::ConnectionReset));
        Box::new(move |calls| {
            for _ in 0..calls {
                black_box(ReplyClass::of(Err(black_box(&error)), Shape::Single));
            }
        })
    }),
];

fn server_error(line: &[u8]) -> Value {
    redis::parse_redis_value(line).expect("an error's line")
}

fn reply(value: Value, shape: Shape) -> Work {
    Box::new(move |calls| {
        for _ in 0..calls {
            black_box(ReplyClass::of(Ok(black_box(&value)), shape));
        }
    })
}
