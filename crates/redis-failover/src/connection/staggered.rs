//! One attempt after the other, without waiting long for any.

use std::{future::Future, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::sleep;

/// Begins each attempt when the one before it has failed, or has taken so long; those that were begun go on. The first
/// to succeed wins; `None` if none does. Each error is handed to `failed`.
pub(crate) async fn first_to_succeed<T, E, A: Future<Output = Result<T, E>>>(
    mut attempts: impl Iterator<Item = A>,
    delay: Duration,
    mut failed: impl FnMut(E),
) -> Option<T> {
    let mut begun = FuturesUnordered::new();
    loop {
        let next = attempts.next();
        let may_be_left = next.is_some();
        begun.extend(next);
        tokio::select! {
            biased;
            ended = begun.next() => match ended {
                Some(Ok(found)) => return Some(found),
                Some(Err(error)) => failed(error),
                None => return None,
            },
            () = sleep(delay), if may_be_left => {}
        }
    }
}
