use std::{sync::Arc, time::Duration};

use super::super::{CallOptions, Command};
use super::words;
use crate::classify::Shape;

#[test]
fn a_command_shows_its_name_and_never_its_arguments() {
    for (line, name) in [
        ("AUTH user hunter2", "AUTH"),
        ("config set requirepass hunter2", "CONFIG SET"),
        ("SET hunter2 hunter2", "SET"),
        ("hunter2", "UNKNOWN"),
        ("CLIENT hunter2", "CLIENT"),
        ("", "UNKNOWN"),
    ] {
        let command = Command::from(words(line));
        assert_eq!(command.to_string(), name);
        let shown = format!("{command:?}");
        assert!(shown.contains(name) && !shown.contains("hunter2"), "{shown}");
    }
    let mut pipeline = redis::pipe();
    pipeline.set("hunter2", "hunter2").ignore().get("hunter2");
    assert_eq!(Command::pipeline(&pipeline, 0, 2).to_string(), "PIPELINE of 2");
    assert_eq!(Command::pipeline(pipeline.atomic(), 3, 1).to_string(), "MULTI of 2");
    assert!(!format!("{:?}", Command::from(pipeline)).contains("hunter2"));
}

#[test]
fn a_clone_shares_what_it_holds() {
    let shared = Arc::new(words("GET k"));
    let command = Command::from(Arc::clone(&shared));
    let clone = command.clone();
    assert!(std::ptr::eq(clone.commands().next().unwrap(), &*shared));

    let borrowed = Command::from(&*shared);
    assert!(std::ptr::eq(borrowed.clone().commands().next().unwrap(), &*shared));
}

#[test]
fn a_pipeline_gives_its_commands_and_its_shape() {
    let mut pipeline = redis::pipe();
    pipeline.get("a").get("b");
    let plain = Command::pipeline(&pipeline, 0, 2);
    assert_eq!(plain.commands().count(), 2);
    assert!(plain.is_pipeline() && !plain.is_atomic());
    assert_eq!(plain.shape(), Shape::Pipeline);

    pipeline.atomic();
    let atomic = Command::from(pipeline);
    assert_eq!(atomic.commands().count(), 2);
    assert!(atomic.is_pipeline() && atomic.is_atomic());
    assert_eq!(atomic.shape(), Shape::Atomic);

    let single = Command::from(words("GET a"));
    assert!(!single.is_pipeline() && !single.is_atomic());
    assert_eq!(single.shape(), Shape::Single);
}

#[cfg(feature = "cluster")]
#[test]
fn b55_a_command_says_where_in_a_cluster_it_is_to_go_and_a_pipeline_is_no_single_command() {
    use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};

    let anywhere = RoutingInfo::SingleNode(SingleNodeRoutingInfo::Random);
    let command = Command::from(words("DBSIZE"));
    assert!(command.routing().is_none());
    assert_eq!(
        command.single().and_then(|command| command.args_iter().next()),
        Some(redis::Arg::Simple(&b"DBSIZE"[..]))
    );
    assert_eq!(command.route(anywhere.clone()).routing(), Some(&anywhere));
    assert!(Command::from(redis::pipe()).single().is_none());
}

#[test]
fn options_travel_with_the_call() {
    let options = CallOptions::new().deadline(Duration::from_millis(5));
    let command = Command::from(words("GET k")).with(options).clone();
    assert_eq!(command.options().time_limit(), Some(Duration::from_millis(5)));
    assert_eq!(command.options().retry_safety(), None);
}
