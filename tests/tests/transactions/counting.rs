//! Many transactions on one counter, with switches in between.

use tests::SEVEN;
use tests::transactions::count_through;

/// The long form is `cargo run --release -p tests --bin transaction-switches`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_no_update_of_many_transactions_is_lost_or_comes_twice() {
    let Some(outcome) = count_through(&SEVEN, 800).await else { return };
    println!("{outcome}");
    assert!(outcome.holds(), "{outcome}");
}
