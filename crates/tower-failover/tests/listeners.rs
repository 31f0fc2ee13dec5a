//! Listeners: they hear all, in order, and harm nobody (B51).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on has failed")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use tower_failover::event::Listener;
use tower_failover::{Event, Events};

const LONG: Duration = Duration::from_secs(20);

fn added(number: u64) -> Event {
    Event::MemberAdded { member: number.to_string().into() }
}

/// A listener that passes on what it hears.
fn passing_on() -> (Listener, mpsc::UnboundedReceiver<Event>) {
    let (sender, heard) = mpsc::unbounded_channel();
    (Listener::new(move |event| sender.send(event.clone()).unwrap()), heard)
}

async fn next(heard: &mut mpsc::UnboundedReceiver<Event>) -> Event {
    timeout(LONG, heard.recv()).await.expect("an event in time").expect("a listener")
}

#[tokio::test]
async fn b51_plain_and_async_listeners_hear_every_event_in_order() {
    let events = Events::default();
    let (plain, mut plainly_heard) = passing_on();
    let (sender, mut heard) = mpsc::unbounded_channel();
    let asynchronous = Listener::asynchronous(move |event| {
        let sender = sender.clone();
        async move {
            tokio::task::yield_now().await;
            sender.send(event).unwrap();
        }
    });
    let _listening = (events.listen(plain), events.listen(asynchronous));
    (0..100).for_each(|number| events.emit(added(number)));
    for number in 0..100 {
        assert_eq!(next(&mut plainly_heard).await, added(number));
        assert_eq!(next(&mut heard).await, added(number));
    }
}

#[tokio::test]
async fn b51_a_listener_hears_only_what_it_wants() {
    let events = Events::default();
    let (listener, mut heard) = passing_on();
    let _listening = events.listen(listener.only(|event| *event == Event::OutageBegan));
    events.emit(added(1));
    events.emit(Event::OutageBegan);
    assert_eq!(next(&mut heard).await, Event::OutageBegan);
}

/// On one thread, which a blocked listener would take away from all.
#[tokio::test]
async fn b51_a_listener_that_blocks_holds_nobody_up_and_is_told_what_it_missed() {
    let events = Events::new(4);
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let (sender, mut slowly_heard) = mpsc::unbounded_channel();
    let _slow = events.listen(Listener::new(move |event| {
        sender.send(event.clone()).unwrap();
        // Whoever gives the leave is gone when the story has ended.
        let _ = may_go_on.lock().unwrap().recv();
    }));
    let (quick, mut heard) = passing_on();
    let _quick = events.listen(quick);
    events.emit(added(0));
    assert_eq!(next(&mut slowly_heard).await, added(0));
    for number in 1..=20 {
        events.emit(added(number));
        if number == 1 {
            assert_eq!(next(&mut heard).await, added(0));
        }
        assert_eq!(next(&mut heard).await, added(number), "nobody else waits");
    }
    go_on.send(()).unwrap();
    assert_eq!(next(&mut slowly_heard).await, Event::Lagged(16));
    go_on.send(()).unwrap();
    assert_eq!(next(&mut slowly_heard).await, added(17), "the last ones are kept");
    drop(go_on);
}

#[tokio::test]
async fn b51_a_listener_that_panics_is_called_no_more_and_the_others_are_told() {
    let events = Events::default();
    let plain = Arc::new(Mutex::new(0));
    let count = Arc::clone(&plain);
    let _plain = events.listen(Listener::new(move |_| {
        *count.lock().unwrap() += 1;
        panic!("a listener's bug");
    }));
    let _asynchronous = events.listen(Listener::asynchronous(|_| async { panic!("another bug") }));
    let (listener, mut heard) = passing_on();
    let _listening = events.listen(listener);
    events.emit(Event::OutageBegan);
    assert_eq!(next(&mut heard).await, Event::OutageBegan);
    for _ in 0..2 {
        let told = next(&mut heard).await;
        assert!(
            matches!(&told, Event::Panicked { what } if what.starts_with("listener ") && what.contains("b51_")),
            "{told:?}"
        );
    }
    events.emit(Event::OutageBegan);
    assert_eq!(next(&mut heard).await, Event::OutageBegan, "of neither is there more to tell");
    assert_eq!(*plain.lock().unwrap_or_else(PoisonError::into_inner), 1);
}

#[tokio::test]
async fn b51_what_a_listener_keeps_is_dropped_once_it_has_heard_the_last() {
    let events = Events::default();
    let (listener, mut heard) = passing_on();
    let kept = Arc::new(());
    let dropped = Arc::downgrade(&kept);
    let listening = events.listen(listener.keeping(kept));
    events.emit(added(1));
    assert_eq!(next(&mut heard).await, added(1));
    assert!(dropped.upgrade().is_some());
    events.emit(added(2));
    drop(listening);
    assert_eq!(next(&mut heard).await, added(2));
    // The channel's other end goes with the listener.
    assert_eq!(timeout(LONG, heard.recv()).await.expect("an end in time"), None);
    let gone = async {
        while dropped.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, gone).await.expect("dropped in time");
}

#[tokio::test(start_paused = true)]
async fn b51_a_listener_that_is_ended_hears_what_came_before_and_no_more() {
    let events = Events::default();
    let (sender, mut heard) = mpsc::unbounded_channel();
    let listening = events.listen(Listener::asynchronous(move |event| {
        let sender = sender.clone();
        async move {
            sleep(Duration::from_secs(1)).await;
            sender.send(event).unwrap();
        }
    }));
    (0..3).for_each(|number| events.emit(added(number)));
    drop(listening);
    for number in 0..3 {
        assert_eq!(next(&mut heard).await, added(number));
    }
    assert_eq!(timeout(LONG, heard.recv()).await.unwrap(), None, "its code is dropped");
}

#[tokio::test(start_paused = true)]
async fn b51_a_listener_that_hangs_does_not_outlive_its_end() {
    let events = Events::default();
    let (called, held) = (Arc::new(Notify::new()), Arc::new(()));
    let (call, hold) = (Arc::clone(&called), Arc::clone(&held));
    let listening = events.listen(Listener::asynchronous(move |_| {
        let hold = Arc::clone(&hold);
        call.notify_one();
        async move {
            std::future::pending::<()>().await;
            drop(hold);
        }
    }));
    events.emit(Event::OutageBegan);
    called.notified().await;
    drop(listening);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(Arc::strong_count(&held), 1, "it is dropped with all it held");
}

#[tokio::test]
async fn b51_a_listener_ends_when_nobody_can_emit_any_more() {
    let events = Events::default();
    let (listener, mut heard) = passing_on();
    let _listening = events.listen(listener);
    events.emit(Event::OutageBegan);
    drop(events);
    assert_eq!(next(&mut heard).await, Event::OutageBegan);
    assert_eq!(timeout(LONG, heard.recv()).await.unwrap(), None);
}
