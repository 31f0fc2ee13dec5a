//! The short form of the fault matrix: see `fault-matrix`.

use std::num::NonZeroUsize;

use tests::matrix::{Cell, Row, Table, Workload, run};
use tests::real_server;

const AT_A_TIME: NonZeroUsize = NonZeroUsize::new(4).unwrap();

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_down_of_four_faults_comes_true() -> Result<(), String> {
    if real_server().is_none() {
        return Ok(());
    }
    let rows: Vec<Row> = Table::written_down()?.rows().iter().filter(|row| row.is_short()).cloned().collect();
    let wanted = rows.len() * Workload::ALL.len();
    let cells = run::run(&rows, AT_A_TIME, |_, _| {}).await;
    assert_eq!(cells.len(), wanted);
    let wrong: Vec<&Cell> = cells.iter().filter(|cell| !cell.holds()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
