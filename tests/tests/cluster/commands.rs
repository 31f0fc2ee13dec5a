//! Commands, pipelines and scans.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{AsyncCommands, Script, Value};
use redis_failover::{Error, MultiDbConfig};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_commands_scripts_and_pipelines_go_to_the_nodes_of_their_keys() {
    let Some(cluster) = cluster_of(RealCluster::builder().password("secret")).await else { return };
    let mut client = connected([database(&cluster).client_name("the-client")]).await;

    for (index, key) in KEYS.into_iter().enumerate() {
        let () = client.set(key, index).await.unwrap();
        assert_eq!(client.get::<_, usize>(key).await.unwrap(), index);
    }
    assert_eq!(client.mget::<_, Vec<usize>>(&KEYS).await.unwrap(), [0, 1, 2]);
    for node in cluster.nodes() {
        let said = node.say("DBSIZE\r\nCLIENT LIST").await.unwrap();
        assert!(said.contains(":1\r\n"), "each node has one key: {said}");
        assert!(said.contains("name=the-client"), "{said}");
    }
    let script = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    let sum: i64 = script.key("c").arg(5).invoke_async(&mut client).await.unwrap();
    assert_eq!(sum, 6);

    // One for all slots is cut into parts, whose answers come in the order of the commands.
    let mut pipeline = redis::pipe();
    for _ in 0..2 {
        for key in KEYS {
            pipeline.incr(key, 1);
        }
    }
    let counts: Vec<i64> = pipeline.query_async(&mut client).await.unwrap();
    assert_eq!(counts, [1, 7, 3, 2, 8, 4]);

    // One that is to run as one has to be of one slot.
    let (a, b): (i64, i64) =
        redis::pipe().atomic().incr("{c}1", 1).incr("{c}2", 2).query_async(&mut client).await.unwrap();
    assert_eq!((a, b), (1, 2));
    let error = redis::pipe().atomic().incr("a", 1).incr("b", 1).exec_async(&mut client).await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::CrossSlot { command: "MULTI" })), "{error:?}");
    assert!(error.to_string().contains("hash tag"), "{error}");
    assert_eq!(client.get::<_, i64>("a").await.unwrap(), 4, "nothing of it was applied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b60_a_scan_goes_through_all_nodes_and_to_no_other_database() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let mut client = connected([database(&cluster), secondary(&other)]).await;
    let mut expected = BTreeSet::new();
    for number in 0..300 {
        let () = client.set(format!("key:{number}"), number).await.unwrap();
        expected.insert(format!("key:{number}"));
    }
    let () = client.hset_multiple("hash", &(0..2000).map(|n| (n, n)).collect::<Vec<_>>()).await.unwrap();
    expected.insert("hash".to_owned());

    let mut found = BTreeSet::new();
    {
        let mut keys = client.scan::<String>().await.unwrap();
        while let Some(key) = keys.next().await {
            found.insert(key.unwrap());
        }
    }
    assert_eq!(found, expected);
    let mut fields = BTreeSet::new();
    {
        let mut pairs = client.hscan::<_, (u32, u32)>("hash").await.unwrap();
        while let Some(pair) = pairs.next().await {
            fields.insert(pair.unwrap().0);
        }
    }
    assert_eq!(fields.len(), 2000);

    let (cursor, _): (u64, Vec<String>) = redis::cmd("SCAN").arg(0).query_async(&mut client).await.unwrap();
    let (field_cursor, _): (u64, Vec<String>) =
        redis::cmd("HSCAN").arg("hash").arg(0).query_async(&mut client).await.unwrap();
    assert!(cursor != 0 && field_cursor != 0);
    client.handle().unwrap().set_active("secondary", None).await.unwrap();
    let error = redis::cmd("SCAN").arg(cursor).query_async::<Value>(&mut client).await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::ScanInterrupted)), "{error:?}");
    client.handle().unwrap().set_active("primary", None).await.unwrap();
    let (_, keys): (u64, Vec<String>) =
        redis::cmd("SCAN").arg(cursor).query_async(&mut client).await.unwrap();
    assert!(!keys.is_empty());
    let strange = cursor ^ (1 << 47);
    let error = redis::cmd("SCAN").arg(strange).query_async::<Value>(&mut client).await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::ScanInterrupted)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_command_goes_where_the_caller_says() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let mut client = connected([database(&cluster), secondary(&other)]).await;
    for key in KEYS {
        let () = client.set(key, 1).await.unwrap();
    }
    let everywhere = || RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllNodes, None));
    let Value::Map(sizes) = client.route_command(redis::cmd("DBSIZE"), everywhere()).await.unwrap() else {
        panic!("no map");
    };
    assert_eq!(sizes.len(), 3);
    assert!(sizes.iter().all(|(_, size)| *size == Value::Int(1)), "{sizes:?}");

    let addr = cluster.nodes()[1].addr();
    let there = SingleNodeRoutingInfo::ByAddress { host: addr.ip().to_string(), port: addr.port() };
    let keys = client.route_command(redis::cmd("KEYS").arg("*").take(), RoutingInfo::SingleNode(there)).await;
    assert_eq!(redis::from_redis_value::<Vec<String>>(keys.unwrap()).unwrap(), ["c"]);

    client.handle().unwrap().set_active("secondary", None).await.unwrap();
    let error = client.route_command(redis::cmd("DBSIZE"), everywhere()).await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::NoCluster)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b33_a_command_that_may_have_been_applied_is_not_sent_again() {
    let Some(cluster) = cluster_of(RealCluster::builder()).await else { return };
    let mut client = connected([database(&cluster)]).await;
    let () = client.set("c", 0).await.unwrap();
    let node = &cluster.nodes()[1];
    // It takes the command, and says nothing in time.
    node.stop().unwrap();
    let error = client.incr::<_, _, i64>("c", 1).await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::MayHaveBeenApplied(_))), "{error:?}");
    node.resume().unwrap();
    until("it was applied", async || client.clone().get::<_, i64>("c").await.ok() == Some(1)).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(client.get::<_, i64>("c").await.unwrap(), 1, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_slot_that_moves_is_followed() {
    let Some(cluster) = cluster().await else { return };
    let mut client = connected([database(&cluster)]).await;
    let () = client.set("c", 1).await.unwrap();
    let () = client.set("{c}2", 1).await.unwrap();
    move_slot(&cluster, 7365, 1, 0).await;

    // Atomic pipelines are the first to find out.
    let counted: (i64, i64) =
        redis::pipe().atomic().incr("c", 1).incr("{c}2", 1).query_async(&mut client).await.unwrap();
    assert_eq!(counted, (2, 2));
    move_slot(&cluster, 7365, 0, 2).await;
    let counted: (i64, i64) =
        redis::pipe().incr("c", 1).incr("{c}2", 1).query_async(&mut client).await.unwrap();
    assert_eq!(counted, (3, 3));
    move_slot(&cluster, 7365, 2, 1).await;
    assert_eq!(client.incr::<_, _, i64>("c", 1).await.unwrap(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b33_of_a_pipeline_on_a_slot_on_its_way_nothing_runs_twice() {
    let Some(cluster) = cluster().await else { return };
    let mut client = connected([database(&cluster)]).await;
    let () = client.set("c", 1).await.unwrap();
    let () = client.set("{c}2", 1).await.unwrap();
    // Half of the slot is at its new owner already.
    let (from, to) = (&cluster.nodes()[1], &cluster.nodes()[0]);
    let (from_id, to_id) = (id(from).await, id(to).await);
    to.say(format!("CLUSTER SETSLOT 7365 IMPORTING {from_id}")).await.unwrap();
    from.say(format!("CLUSTER SETSLOT 7365 MIGRATING {to_id}")).await.unwrap();
    migrate(from, to, "{c}2").await;

    let counted: Vec<i64> = redis::pipe()
        .incr("c", 1)
        .incr("{c}2", 1)
        .incr("c", 1)
        .incr("{c}2", 1)
        .query_async(&mut client)
        .await
        .unwrap();
    assert_eq!(counted, [2, 2, 3, 3]);
}

async fn id(node: &RealServer) -> String {
    let said = node.say("CLUSTER MYID").await.unwrap();
    said.lines().find(|line| line.len() == 40).unwrap().to_owned()
}

async fn migrate(from: &RealServer, to: &RealServer, key: &str) {
    let said = from.say(format!("MIGRATE 127.0.0.1 {} {key} 0 5000", to.port())).await.unwrap();
    assert!(said.contains("+OK"), "{said}");
}

/// From one node to another, keys and all.
pub(super) async fn move_slot(cluster: &RealCluster, slot: u16, from: usize, to: usize) {
    let nodes = cluster.nodes();
    let (from_id, to_id) = (id(&nodes[from]).await, id(&nodes[to]).await);
    nodes[to].say(format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}")).await.unwrap();
    nodes[from].say(format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}")).await.unwrap();
    let keys = nodes[from].say(format!("CLUSTER GETKEYSINSLOT {slot} 100")).await.unwrap();
    for key in keys.lines().filter(|line| !line.starts_with(['*', '$'])) {
        migrate(&nodes[from], &nodes[to], key).await;
    }
    for node in [to, from, 3 - from - to] {
        let said = nodes[node].say(format!("CLUSTER SETSLOT {slot} NODE {to_id}")).await.unwrap();
        assert!(said.contains("+OK"), "{said}");
    }
}

#[test]
fn b55_what_cannot_be_a_cluster_is_a_configuration_error() {
    let refused =
        |config: DatabaseConfig| MultiDbConfig::new([config.name("eu")]).validate().unwrap_err().to_string();
    let of = |urls: &[&str]| DatabaseConfig::cluster(urls).unwrap();
    assert!(refused(of(&[])).contains("there are none"));
    assert!(refused(of(&["redis://a", "unix:///b"])).contains("unix socket"));
    let error = refused(of(&["redis://:hunter2@a", "redis://:hunter3@b"]));
    assert!(error.contains("another user or password") && !error.contains("hunter"), "{error}");
    assert!(refused(of(&["redis://a", "redis://b/3"])).contains("database number"));
    assert!(refused(of(&["redis://a", "rediss://b"])).contains("TLS"));
    let error = DatabaseConfig::cluster(["redis://a", "redis//:hunter2@b"]).unwrap_err().to_string();
    assert!(error.contains("number 2") && !error.contains("hunter"), "{error}");
    let alone = DatabaseConfig::from_url("redis://a").unwrap();
    let error = refused(alone.cluster_health(redis_failover::ClusterHealth::AllPrimaries));
    assert!(error.contains("cluster_health"), "{error}");
    let twice =
        [of(&["redis://A:1", "redis://b:2"]).name("one"), of(&["redis://b:2", "redis://a:1"]).name("two")];
    assert!(MultiDbConfig::new(twice).validate().is_err());
    let debug = format!("{:?}", of(&["redis://:hunter2@a"]));
    assert!(!debug.contains("hunter2"), "{debug}");
}
