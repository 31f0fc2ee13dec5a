//! Wrong and changed passwords, on real servers: what works goes on, what does not is told and left.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use failover_testkit::server::RealServer;
use futures_util::StreamExt;
use redis::{AsyncCommands, aio::MultiplexedConnection};
use redis_failover::{
    DatabaseConfig, Error, Event, EventStream, MultiDbClient, MultiDbConfig, connection::Credentials,
};
use tests::{Load, PATIENCE, active, becomes_active, clients_of, config, plain, real_server, switches};
use tokio::time::{sleep, timeout};

/// A server with a password, and a connection that outlives every change of it.
struct Server {
    real: RealServer,
    admin: MultiplexedConnection,
}

impl Server {
    /// `None`, and a word of it, where there is no server to start.
    async fn start() -> Option<Self> {
        real_server()?;
        let real = RealServer::builder().password("right").start().await.unwrap();
        let admin = plain(&real.url()).await;
        Some(Self { real, admin })
    }

    async fn pair() -> Option<(Self, Self)> {
        Some((Self::start().await?, Self::start().await?))
    }

    fn url(&self) -> String {
        self.real.url()
    }

    fn url_with_wrong_password(&self) -> String {
        format!("redis://:hunter2@{}", self.real.addr())
    }

    async fn change_password(&mut self) {
        self.ask(&["CONFIG", "SET", "requirepass", "rotated"]).await;
    }

    async fn ask(&mut self, words: &[&str]) -> redis::Value {
        let mut command = redis::Cmd::new();
        command.arg(words);
        command.query_async(&mut self.admin).await.unwrap()
    }

    /// Closes the connections with such an id, but the administrator's.
    async fn cut(&mut self, is_cut: impl Fn(&str) -> bool) {
        let own = connection_id(&mut self.admin).await;
        for line in clients_of(&mut self.admin).await.lines() {
            let id = line.split(['=', ' ']).nth(1).unwrap();
            if id != own && is_cut(id) {
                // It may have gone by itself.
                let kill = redis::cmd("CLIENT").arg(&["KILL", "ID", id]).take();
                let _ = kill.query_async::<u32>(&mut self.admin).await;
            }
        }
    }

    async fn cut_all(&mut self) {
        self.cut(|_| true).await;
    }

    /// Closes the health checks' connection.
    async fn cut_probes(&mut self) {
        tests::cut_probes(&mut self.admin).await;
    }
}

async fn connection_id(connection: &mut impl redis::aio::ConnectionLike) -> String {
    redis::cmd("CLIENT").arg("ID").query_async::<u64>(connection).await.unwrap().to_string()
}

/// Health checks that come soon.
fn brisk(config: MultiDbConfig) -> MultiDbConfig {
    config
        .health_check_interval(Duration::from_millis(200))
        .health_check_delay(Duration::from_millis(20))
        .grace_period(Duration::from_millis(300))
}

async fn told_of(events: &mut EventStream, mut names: Vec<&str>) {
    let waiting = async {
        while !names.is_empty() {
            if let Some(Event::Misconfigured { member, .. }) = events.next().await {
                names.retain(|name| *name != &*member);
            }
        }
    };
    timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b41_a_standby_with_a_wrong_password_fails_connect_and_nothing_else() {
    let Some((primary, secondary)) = Server::pair().await else { return };
    let config = || config(&primary.url(), &secondary.url_with_wrong_password());
    let mut client = MultiDbClient::new(config()).unwrap();
    let mut events = client.events();
    match client.connect(PATIENCE).await.unwrap_err() {
        error @ Error::Misconfigured { .. } => {
            let said = format!("{error} {error:?}");
            assert!(said.contains("secondary") && !said.contains("hunter2"), "{said}");
        }
        error => panic!("{error:?}"),
    }
    // Who does not ask for the start to be perfect works with what there is.
    told_of(&mut events, vec!["secondary"]).await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("primary"));

    let client = MultiDbClient::new(config().tolerate_misconfigured(true)).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_primary_with_a_wrong_password_or_none_is_not_chosen() {
    let Some((primary, secondary)) = Server::pair().await else { return };
    for url in [primary.url_with_wrong_password(), format!("redis://{}", primary.real.addr())] {
        let mut client = MultiDbClient::new(brisk(config(&url, &secondary.url()))).unwrap();
        let mut events = client.events();
        client.set::<_, _, ()>("key", 1).await.unwrap();
        assert_eq!(active(&client).as_deref(), Some("secondary"));
        told_of(&mut events, vec!["primary"]).await;
        let load = Load::start(&client, 4);
        sleep(Duration::from_secs(1)).await;
        load.goes_on().await;
        let tally = load.end().await;
        assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
        assert_eq!(switches(&client), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_passwords_changed_on_all_servers_at_once_move_nobody() {
    let Some((mut primary, mut secondary)) = Server::pair().await else { return };
    let mut client = MultiDbClient::new(brisk(config(&primary.url(), &secondary.url()))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut events = client.events();
    let load = Load::start(&client, 4);

    primary.change_password().await;
    secondary.change_password().await;
    // The health checks must dial anew; calls need not.
    primary.cut_probes().await;
    secondary.cut_probes().await;
    told_of(&mut events, vec!["primary", "secondary"]).await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(switches(&client), Vec::<String>::new());

    // Nobody gets in there any more, so calls go where a connection is left.
    load.goes_on().await;
    let tally = load.end().await;
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
    let load = Load::start(&client, 4);
    primary.cut_all().await;
    becomes_active(&client, "secondary").await;
    sleep(Duration::from_secs(1)).await;
    load.goes_on().await;
    load.end().await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(switches(&client).len(), 1, "{:?}", switches(&client));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_lost_connection_that_cannot_be_made_anew_moves_the_calls_though_the_probes_connection_answers()
{
    let Some((mut primary, secondary)) = Server::pair().await else { return };
    let mut client = MultiDbClient::new(config(&primary.url(), &secondary.url())).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    primary.change_password().await;
    let calls = connection_id(&mut client).await;
    primary.cut(|id| id == calls).await;
    // No call is needed for it.
    becomes_active(&client, "secondary").await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_changed_password_is_asked_for_and_taken_without_a_restart() {
    let Some((mut primary, mut secondary)) = Server::pair().await else { return };
    let password = Arc::new(Mutex::new("right"));
    let database = |name: &str, server: &Server, weight| {
        let password = Arc::clone(&password);
        let credentials = move || {
            let credentials = Credentials::user("app", *password.lock().unwrap());
            async { Ok(credentials) }
        };
        DatabaseConfig::from_url(&format!("redis://{}", server.real.addr()))
            .unwrap()
            .name(name)
            .weight(weight)
            .credentials(credentials)
    };
    for server in [&mut primary, &mut secondary] {
        server.ask(&["ACL", "SETUSER", "app", "on", ">right", "~*", "&*", "+@all"]).await;
    }
    let databases = [database("primary", &primary, 1.0), database("secondary", &secondary, 0.5)];
    let mut client = MultiDbClient::new(brisk(MultiDbConfig::new(databases))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut events = client.events();

    for server in [&mut primary, &mut secondary] {
        server.ask(&["ACL", "SETUSER", "app", "resetpass", ">rotated"]).await;
    }
    client.set::<_, _, ()>("key", 1).await.unwrap();
    // The worst: all connections are lost before the new password is known here.
    for server in [&mut primary, &mut secondary] {
        server.cut_all().await;
    }
    told_of(&mut events, vec!["primary", "secondary"]).await;
    client.set::<_, _, ()>("key", 2).await.unwrap_err();

    *password.lock().unwrap() = "rotated";
    let works = async {
        while client.set::<_, _, ()>("key", 3).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, works).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_standby_whose_password_was_changed_is_told_of_and_serves_when_it_is_known_here() {
    let Some((primary, mut secondary)) = Server::pair().await else { return };
    let password = Arc::new(Mutex::new("right"));
    let asked = Arc::clone(&password);
    let credentials = move || {
        let credentials = Credentials::password(*asked.lock().unwrap());
        async { Ok(credentials) }
    };
    let databases = [
        DatabaseConfig::from_url(&primary.url()).unwrap().name("primary"),
        DatabaseConfig::from_url(&format!("redis://{}", secondary.real.addr()))
            .unwrap()
            .name("secondary")
            .weight(0.5)
            .credentials(credentials),
    ];
    let mut client = MultiDbClient::new(brisk(MultiDbConfig::new(databases))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut events = client.events();
    let load = Load::start(&client, 4);

    // Nobody gets in there any more, and nobody has to.
    secondary.change_password().await;
    secondary.cut_all().await;
    told_of(&mut events, vec!["secondary"]).await;
    load.goes_on().await;
    let tally = load.end().await;
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
    assert_eq!(switches(&client), Vec::<String>::new());

    // It is no refuge either, and says so instead of an outage's end.
    primary.real.kill().unwrap();
    let refused = async {
        loop {
            match client.set::<_, _, ()>("key", 1).await {
                Err(error) if matches!(Error::of(&error), Some(Error::TemporarilyUnavailable(_))) => return,
                _ => sleep(Duration::from_millis(5)).await,
            }
        }
    };
    timeout(PATIENCE, refused).await.unwrap();

    *password.lock().unwrap() = "rotated";
    becomes_active(&client, "secondary").await;
    client.set::<_, _, ()>("key", 2).await.unwrap();
}
