//! What is found out about a command before it is sent, and what its copies cost.

use std::hint::black_box;

use redis::{Cmd, Pipeline, cmd};
use redis_failover::{Command, RetrySafety};

use super::{Piece, Work};

pub(super) const PIECES: [Piece; 6] = [
    Piece::new("may a GET be repeated", || {
        asked(|command| command.may_repeat(RetrySafety::default()), get())
    }),
    Piece::new("may a SET with options be repeated", || {
        let mut set = cmd("SET");
        set.arg("session:4711").arg("a value").arg("EX").arg(60).arg("NX");
        asked(|command| command.may_repeat(RetrySafety::default()), set)
    }),
    Piece::new("does a GET block", || asked(|command| command.blocking().is_some(), get())),
    Piece::new("the name of a GET", || asked(|command| command.name().len(), get())),
    Piece::new("may a pipeline of 100 be repeated", || {
        let pipeline = hundred();
        Box::new(move |calls| {
            for _ in 0..calls {
                let command = Command::pipeline(black_box(&pipeline), 0, 100);
                black_box(command.may_repeat(RetrySafety::default()));
            }
        })
    }),
    Piece::new("clone a shared pipeline of 100", || {
        let shared: Command<'static> = hundred().into();
        Box::new(move |calls| {
            for _ in 0..calls {
                black_box(black_box(&shared).clone());
            }
        })
    }),
];

fn get() -> Cmd {
    let mut get = cmd("GET");
    get.arg("session:4711");
    get
}

fn hundred() -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(100);
    for _ in 0..100 {
        pipeline.add_command(get());
    }
    pipeline
}

/// A borrowed command, as redis-rs's `ConnectionLike` hands it over, and one question to it.
fn asked<T>(question: impl Fn(&Command<'_>) -> T + 'static, command: Cmd) -> Work {
    Box::new(move |calls| {
        for _ in 0..calls {
            black_box(question(&Command::from(black_box(&command))));
        }
    })
}
