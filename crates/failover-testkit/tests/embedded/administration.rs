use failover_testkit::embedded::EmbeddedRedis;
use redis::AsyncCommands as _;

use crate::{connect, try_connect, until, urls};

#[tokio::test]
async fn a_password_or_a_user_is_needed_where_set() {
    let server = EmbeddedRedis::builder().password("s3cret").user("app", "pa/ss").start().await.unwrap();
    let open = format!("redis://{}/", server.addr());
    for protocol in ["resp2", "resp3"] {
        let mut redis = connect(&format!("{}?protocol={protocol}", server.url())).await;
        assert_eq!(redis::cmd("PING").query_async::<String>(&mut redis).await.unwrap(), "PONG");
        connect(&format!("redis://:s3cret@{}/?protocol={protocol}", server.addr())).await;

        let wrong = format!("redis://app:wrong@{}/?protocol={protocol}", server.addr());
        let error = try_connect(&wrong).await.unwrap_err();
        let failed = error.kind() == redis::ErrorKind::AuthenticationFailed;
        assert!(failed || error.code() == Some("WRONGPASS"), "{error:?}");
    }
    let mut stranger = connect(&open).await;
    let error = stranger.get::<_, String>("k").await.unwrap_err();
    assert_eq!(error.code(), Some("NOAUTH"));
    assert!(!format!("{:?}", EmbeddedRedis::builder().password("s3cret")).contains("s3cret"));
}

#[tokio::test]
async fn it_tells_about_itself() {
    let server = EmbeddedRedis::start().await.unwrap();
    for url in urls(&server) {
        let mut redis = connect(&url).await;
        let info: redis::InfoDict = redis::cmd("INFO").query_async(&mut redis).await.unwrap();
        assert_eq!(info.get::<String>("role").as_deref(), Some("master"));
        assert!(info.get::<String>("redis_version").is_some());
        assert_eq!(info.get::<i64>("loading"), Some(0));
        let section: String = redis::cmd("INFO").arg("replication").query_async(&mut redis).await.unwrap();
        assert!(section.starts_with("# Replication\r\n") && !section.contains("redis_version"), "{section}");

        let role: redis::Value = redis::cmd("ROLE").query_async(&mut redis).await.unwrap();
        assert!(format!("{role:?}").contains("master"));
        let count: usize = redis::cmd("COMMAND").arg("COUNT").query_async(&mut redis).await.unwrap();
        assert!(count > 70);
        let () =
            redis::cmd("COMMAND").arg("INFO").arg("get").arg("nosuch").exec_async(&mut redis).await.unwrap();
        let (seconds, _): (u64, u64) = redis::cmd("TIME").query_async(&mut redis).await.unwrap();
        assert!(seconds > 1_700_000_000);
        let error = redis::cmd("EVAL").arg("return 1").arg(0).exec_async(&mut redis).await.unwrap_err();
        assert!(error.to_string().contains("unknown command 'EVAL', with args beginning with: 'return 1'"));
    }
}

#[tokio::test]
async fn clients_have_names_databases_and_ends() {
    let server = EmbeddedRedis::start().await.unwrap();
    let (mut first, mut second) = (connect(&server.url()).await, connect(&server.url()).await);
    let () = redis::cmd("CLIENT").arg("SETNAME").arg("one").exec_async(&mut first).await.unwrap();
    let list: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut second).await.unwrap();
    assert!(list.lines().count() == 2 && list.contains("name=one"), "{list}");

    let () = redis::cmd("SELECT").arg(3).exec_async(&mut first).await.unwrap();
    let () = first.set("k", 1).await.unwrap();
    assert!(!second.exists::<_, bool>("k").await.unwrap());

    let killed: usize =
        redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").query_async(&mut second).await.unwrap();
    assert_eq!(killed, 1);
    until("the other client is gone", || server.control().connections_open() == 1).await;
    first.get::<_, i64>("k").await.unwrap_err();
    assert_eq!(server.control().connections_accepted(), 2);
}
