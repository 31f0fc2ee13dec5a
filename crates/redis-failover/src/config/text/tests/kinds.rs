//! Clusters, and databases that are managed by Sentinel.

use redis::ProtocolVersion;

use super::DATABASES;
use crate::{DatabaseConfig, MultiDbConfig};

/// The third of three databases.
fn third(said: &str) -> Result<DatabaseConfig, String> {
    let config = MultiDbConfig::from_toml(&format!("{DATABASES}[[databases]]\n{said}"));
    config.map(|config| config.databases[2].clone()).map_err(|error| error.to_string())
}

#[test]
fn b55_a_database_of_sentinel_is_said_with_a_table() {
    let said =
        "sentinel = { service = 'mymaster', sentinels = ['redis://:hunter2@s1:26379', 'redis://s2:26379'],
                             number = 3, protocol = 'resp3' }
                username = 'app'
                password = 'hunter2'";
    let database = third(said).unwrap();
    assert_eq!(database.name_or_address(), "mymaster");
    assert_eq!(database.location().as_deref(), Some("mymaster of sentinel s1:26379/3"));
    let settings = database.settings();
    assert_eq!((settings.username(), settings.password()), (Some("app"), Some("hunter2")));
    assert_eq!((settings.db(), settings.protocol()), (3, ProtocolVersion::RESP3));
    assert!(!format!("{database:?}").contains("hunter2"));
}

#[test]
fn b56_a_database_of_sentinel_that_cannot_be_used_is_told_with_its_key() {
    for (said, words) in [
        (
            "sentinel = {}",
            "line 9, column 12: key sentinel of database number 3 cannot be used: give service",
        ),
        ("sentinel = { service = 'm' }", "key sentinel of database m cannot be used: give service"),
        ("sentinel = { service = 'm', sentinels = [] }", "line 9, column 29: option sentinels of database m"),
        (
            "sentinel = { service = 'm', sentinels = ['http://s'] }",
            "line 9, column 41: the url http… cannot be used",
        ),
        ("sentinel = { service = 'm', sentinels = ['redis://s/1'] }", "option sentinels of database m"),
        (
            "sentinel = { service = 'm', sentinels = ['redis://s'], number = -1 }",
            "key sentinel.number of database m",
        ),
        ("sentinel = { service = 'm', sentinels = ['redis://s'], protocol = 3 }", "give one of resp2, resp3"),
        ("url = 'redis://x'\nsentinel = { service = 'm', sentinels = ['redis://s'] }", "there is url too"),
        ("url = 'redis://x'\nnodes = ['redis://x']", "there is url too"),
        ("sentinels = ['redis://x']", "here it is sentinel.sentinels"),
        ("name = 'x'", "key url of database x cannot be used: it has no url"),
    ] {
        let error = third(said).expect_err(said);
        assert!(error.contains(words), "{said}\n  {error}");
    }
}

#[cfg(feature = "cluster")]
#[test]
fn b55_a_cluster_is_said_by_its_nodes() {
    use crate::connection::ClusterHealth;
    let said = "nodes = ['redis://eu-2', 'redis://eu-1']
                name = 'cluster'
                cluster_health = 'all-primaries'
                password = 'hunter2'";
    let database = third(said).unwrap();
    assert_eq!(database.name_or_address(), "cluster");
    assert_eq!(database.location().as_deref(), Some("eu-1:6379"));
    assert_eq!(database.settings().password(), Some("hunter2"));
    assert_eq!(database.counted_nodes(), ClusterHealth::AllPrimaries);

    for (said, words) in [
        ("nodes = []\nname = 'x'", "line 9, column 1: option nodes of database x cannot be used"),
        (
            "nodes = ['redis://a', 'http://b']\nname = 'x'",
            "line 9, column 9: the url http… cannot be used: number 2",
        ),
        ("nodes = ['redis://a', 'redis://b/1']\nname = 'x'", "line 9, column 1: option nodes of database x"),
        ("url = 'redis://x'\ncluster_health = 'all-nodes'", "line 10, column 1: option cluster_health"),
        ("nodes = ['redis://a']\ncluster_health = 'some'", "it is none of all-nodes, all-primaries"),
        ("nodes = ['redis://eu']\nname = 'x'", "line 9, column 1: database x has the address of another one"),
    ] {
        let error = third(said).expect_err(said);
        assert!(error.contains(words), "{said}\n  {error}");
        assert!(!error.contains("hunter2"));
    }
}

#[cfg(not(feature = "cluster"))]
#[test]
fn b56_without_its_feature_a_cluster_says_which_to_switch_on() {
    for said in ["nodes = ['redis://a']", "url = 'redis://x'\ncluster_health = 'all-nodes'"] {
        assert!(third(said).unwrap_err().contains("switch on the feature `cluster`"));
    }
}
