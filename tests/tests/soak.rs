//! Half a minute of flapping under load; an hour of it is the command `soak`.

use std::time::Duration;

use tests::soak::soak;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b42_a_client_that_flaps_under_load_holds_no_more_than_before() {
    let outcome = soak(Duration::from_secs(25), Duration::from_secs(8), |row| println!("{row}")).await;
    assert_eq!(outcome.violations(), Vec::<String>::new());
}
