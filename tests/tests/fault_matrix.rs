//! The short form of the fault matrix: see `fault-matrix`.

use tests::matrix::{Cell, Configuration, Fault, Row, Table, Workload, run};
use tests::real_server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_down_of_four_faults_comes_true() -> Result<(), String> {
    if real_server().is_none() {
        return Ok(());
    }
    let short = |row: &&Row| Fault::SHORT.contains(&row.fault) && row.configuration == Configuration::Default;
    let rows: Vec<Row> = Table::written_down()?.rows().iter().filter(short).cloned().collect();
    let wanted = rows.len() * Workload::ALL.len();
    let cells = run::run(&rows, 4, |_, _| {}).await;
    assert_eq!(cells.len(), wanted);
    let wrong: Vec<&Cell> = cells.iter().filter(|cell| !cell.holds()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
