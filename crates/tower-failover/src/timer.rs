//! A timer that does not hold our own stall against anybody (B57).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Duration, Instant, Sleep};

use crate::clock::STALL;

/// How long the I/O driver gets to hand over what had arrived while we stood still.
const SECOND_LOOK: Duration = Duration::from_millis(25);

pin_project! {
    /// A limit in two phases: when its end is noticed more than 50 ms late, whoever is timed gets a second look
    /// after the I/O driver has run, and only then is it judged.
    pub(crate) struct Timer {
        #[pin]
        sleep: Sleep,
        limit: Duration,
        looked_again: bool,
    }
}

impl Timer {
    /// Starts now. Boxed, because it is large and rarely needed.
    pub(crate) fn start(limit: Duration) -> Pin<Box<Self>> {
        Box::pin(Self { sleep: tokio::time::sleep(limit), limit, looked_again: false })
    }

    /// Ready with the limit when it is over. What is timed must have been polled just before.
    pub(crate) fn poll_elapsed(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Duration> {
        let mut this = self.project();
        ready!(this.sleep.as_mut().poll(context));
        let now = Instant::now();
        if !*this.looked_again && now.saturating_duration_since(this.sleep.deadline()) > STALL {
            *this.looked_again = true;
            this.sleep.as_mut().reset(now + SECOND_LOOK);
            ready!(this.sleep.poll(context));
        }
        Poll::Ready(*this.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn b57_a_limit_noticed_late_is_judged_at_a_second_look() {
        let start = Instant::now();
        let mut timer = Timer::start(Duration::from_millis(200));
        let mut elapsed =
            tokio_test::task::spawn(std::future::poll_fn(|context| timer.as_mut().poll_elapsed(context)));
        assert!(elapsed.poll().is_pending());

        tokio::time::advance(Duration::from_millis(500)).await;
        assert!(elapsed.poll().is_pending(), "noticed 300 ms late");
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(elapsed.poll(), Poll::Ready(Duration::from_millis(200)), "late again, but judged");
        assert!(start.elapsed() >= Duration::from_millis(525));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_noticed_in_time_is_over_at_once() {
        let mut timer = Timer::start(Duration::from_millis(200));
        let start = Instant::now();
        std::future::poll_fn(|context| timer.as_mut().poll_elapsed(context)).await;
        assert!(start.elapsed() < Duration::from_millis(205));
    }
}
