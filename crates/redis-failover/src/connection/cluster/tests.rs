use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::IntoConnectionInfo;

use super::{Cluster, Topology};
use crate::connection::{Address, Endpoint};

/// A cluster of one node, which is gone, and how often anybody was dialled.
pub(in crate::connection) fn lost() -> (Cluster, Arc<AtomicUsize>) {
    let dials = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&dials);
    let connect = move |_: Address| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Err(io::Error::from(io::ErrorKind::ConnectionRefused)) }
    };
    let info = "redis://seed:7000".into_connection_info().unwrap();
    let limit = Duration::from_secs(5);
    let seed = Address::tcp("seed", 7000);
    let cluster = Cluster::new(Endpoint::new(info, Arc::new(connect), limit), vec![seed.clone()], limit);
    let slots = redis::parse_redis_value(b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$3\r\none\r\n:7001\r\n");
    cluster.learn(Topology::read(&slots.unwrap(), &seed).unwrap(), cluster.doubts());
    (cluster, dials)
}

#[tokio::test(start_paused = true)]
async fn b36_however_often_who_has_which_slots_turns_out_wrong_one_asks_and_not_without_a_pause() {
    let (cluster, dials) = lost();
    cluster.distrust();
    let asking = futures_util::future::join_all((0..20).map(|_| cluster.topology()));
    assert!(asking.await.iter().all(Result::is_err));
    assert_eq!(dials.load(Ordering::SeqCst), 2, "one question, to two nodes");
    for _ in 0..20 {
        cluster.distrust();
        cluster.topology().await.unwrap_err();
    }
    assert_eq!(dials.load(Ordering::SeqCst), 2, "it was asked just now");
    tokio::time::sleep(Duration::from_secs(1)).await;
    cluster.topology().await.unwrap_err();
    assert!(dials.load(Ordering::SeqCst) > 2);
}

#[tokio::test]
async fn b49_an_answer_to_an_older_question_settles_no_newer_doubt() {
    let (cluster, dials) = lost();
    let known = cluster.topology().await.unwrap();
    let older = cluster.doubts();
    cluster.distrust();
    cluster.learn((*known).clone(), older);
    assert!(cluster.topology().await.is_err() && dials.load(Ordering::SeqCst) > 0, "it is asked anew");

    let newer = cluster.doubts();
    cluster.learn((*known).clone(), newer);
    cluster.learn(Topology::default(), older);
    assert_eq!(cluster.topology().await.unwrap(), known, "what was told later is known on");
}
