//! Calls of which one node served a part and another one did not.

use redis::cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo};
use redis_failover::Error;

use super::*;

/// How often a node has run a command.
async fn runs(node: &RealServer, command: &str) -> u64 {
    let said = node.say("INFO commandstats").await.unwrap();
    let line = said.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.map_or(0, |calls| calls.split(',').next().unwrap().parse().unwrap())
}

/// From now on the node of `c` refuses that key, with `CLUSTERDOWN`.
async fn refuse_c(cluster: &RealCluster) {
    let said = cluster.nodes()[1].say("CLUSTER DELSLOTS 7365").await.unwrap();
    assert!(said.contains("+OK"), "{said}");
}

/// From now on nobody is there for that key, and the client knows.
async fn lose_c(cluster: &RealCluster, client: &MultiDbClient) {
    lose(cluster, 1, client).await;
}

/// From now on nobody is there for this one of the keys, and the client knows.
async fn lose(cluster: &RealCluster, key: usize, client: &MultiDbClient) {
    cluster.nodes()[key].kill().unwrap();
    let noticing = async {
        loop {
            let lost = client.clone().set::<_, _, ()>(KEYS[key], 1).await.unwrap_err();
            if !is_in_doubt(&lost) {
                return;
            }
        }
    };
    timeout(PATIENCE, noticing).await.unwrap();
}

fn is_in_doubt(error: &redis::RedisError) -> bool {
    matches!(Error::of(error), Some(Error::MayHaveBeenApplied(_)))
}

/// One that is patient with what it refuses.
async fn patient(cluster: &RealCluster) -> MultiDbClient {
    connected([database(cluster).down_after(Duration::from_secs(15))]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b33_a_pipeline_of_which_one_shard_refused_its_part_is_not_repeated() {
    let Some(cluster) = cluster().await else { return };
    let mut client = patient(&cluster).await;
    refuse_c(&cluster).await;
    let error = redis::pipe().incr("b", 1).incr("c", 1).exec_async(&mut client).await.unwrap_err();
    assert!(error.to_string().contains("ClusterDown"), "the element says so: {error}");
    assert_eq!(client.get::<_, i64>("b").await.unwrap(), 1, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b33_a_pipeline_of_which_one_shard_is_gone_is_not_repeated() {
    let Some(cluster) = cluster().await else { return };
    let mut client = patient(&cluster).await;
    lose_c(&cluster, &client).await;
    let error = redis::pipe().incr("b", 1).incr("c", 1).exec_async(&mut client).await.unwrap_err();
    assert!(is_in_doubt(&error), "{error:?}");
    assert_eq!(client.get::<_, i64>("b").await.unwrap(), 1, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b32_a_pipeline_of_which_no_part_found_a_node_was_not_applied() {
    let Some(cluster) = cluster().await else { return };
    let mut client = patient(&cluster).await;
    lose(&cluster, 0, &client).await;
    lose(&cluster, 1, &client).await;
    let error = redis::pipe().incr("b", 1).incr("c", 1).exec_async(&mut client).await.unwrap_err();
    assert!(!is_in_doubt(&error), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b33_of_a_pipeline_that_a_node_served_in_part_nothing_runs_twice() {
    let Some(cluster) = cluster().await else { return };
    let mut client = patient(&cluster).await;
    refuse_c(&cluster).await;
    let pipeline = redis::pipe().publish("{c}news", 1).set("c", 1).exec_async(&mut client).await;
    assert!(pipeline.unwrap_err().to_string().contains("ClusterDown"));
    assert_eq!(runs(&cluster.nodes()[1], "publish").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b33_a_command_that_one_of_its_nodes_refused_is_not_repeated() {
    let Some(cluster) = cluster().await else { return };
    let mut client = patient(&cluster).await;
    refuse_c(&cluster).await;
    let error = client.del::<_, i64>(&["b", "c"]).await.unwrap_err();
    assert!(is_in_doubt(&error), "{error:?}");
    assert_eq!(runs(&cluster.nodes()[0], "del").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b33_a_command_that_one_of_its_nodes_does_not_permit_may_have_been_applied_by_the_others() {
    let Some(cluster) = cluster().await else { return };
    let mut client = patient(&cluster).await;
    client.set::<_, _, ()>("b", 1).await.unwrap();
    cluster.nodes()[1].say("ACL SETUSER default -del -mset").await.unwrap();
    let error = client.del::<_, i64>(&["b", "c"]).await.unwrap_err();
    assert!(is_in_doubt(&error), "{error:?}");
    let Some(Error::MayHaveBeenApplied(Some(why))) = Error::of(&error) else { panic!("{error:?}") };
    assert!(why.to_string().contains("permissions"), "{why}");
    assert!(!client.exists::<_, bool>("b").await.unwrap(), "it was");

    // Whichever answers last.
    for _ in 0..10 {
        let error = client.mset::<_, _, ()>(&KEYS.map(|key| (key, 1))).await.unwrap_err();
        assert!(is_in_doubt(&error), "{error:?}");
    }
    let refused = client.del::<_, i64>("c").await.unwrap_err();
    assert!(!is_in_doubt(&refused), "of one node it is a plain refusal: {refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b33_a_command_for_all_nodes_that_one_of_them_refused_is_not_repeated() {
    let Some(cluster) = cluster().await else { return };
    let mut client = patient(&cluster).await;
    // Only one of them has the key.
    let script =
        "if type(redis.pcall('INCR', 'b')) == 'table' then return redis.error_reply('READONLY no') end";
    let all_have_to = Some(ResponsePolicy::AllSucceeded);
    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, all_have_to));
    let counting = redis::cmd("EVAL").arg(script).arg(0).take();
    let error = client.route_command(counting, everywhere).await.unwrap_err();
    assert!(is_in_doubt(&error), "{error:?}");
    assert_eq!(client.get::<_, i64>("b").await.unwrap(), 1, "once");
}
