//! Rows, one after another or some at a time.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::audit::Applied;
use super::cell::Span;
use super::clients::Worked;
use super::fault::Course;
use super::lasting::Lasting;
use super::passing::Passing;
use super::{Cell, Clients, Expected, Row, Stage, Workload};
use crate::{NAMES, PATIENCE, active};

/// In which every late verdict is spoken.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// How long a fault lasts that may move somebody or not.
const CHANCE: Duration = Duration::from_secs(10);
/// How often it is looked whether everybody has moved.
const LOOK: Duration = Duration::from_millis(10);

/// Runs rows, so many at a time; those alone that leave no room for others. Tells each row when it has ended.
pub async fn run(rows: &[Row], at_a_time: NonZeroUsize, mut told: impl FnMut(&Row, &[Cell])) -> Vec<Cell> {
    let at_a_time = at_a_time.get();
    let places = Semaphore::new(at_a_time);
    let running: FuturesUnordered<_> = rows
        .iter()
        .map(async |row| {
            let wanted = if row.fault.is_alone() { at_a_time } else { 1 };
            let _places = places.acquire_many(u32::try_from(wanted).unwrap_or(1)).await.unwrap();
            (row, one(row).await)
        })
        .collect();
    let mut all = Vec::new();
    let mut running = pin!(running);
    while let Some((row, cells)) = running.next().await {
        told(row, &cells);
        all.extend(cells);
    }
    all
}

/// Runs one row.
async fn one(row: &Row) -> Vec<Cell> {
    let mut stage = Stage::set(row.fault.ground()).await;
    let (worked, span, note) = match row.fault.course() {
        Course::Lasts => lasts(row, &stage).await,
        Course::Passes => passes(row, &mut stage).await,
    };
    stage.bring_back();
    let mut cells = Vec::new();
    for worked in worked {
        let applied = Applied::look_up(&stage, &worked).await;
        cells.push(Cell::of(row, &worked, &applied, span, note.clone()));
    }
    cells
}

type Done = (Vec<Worked>, Span, Option<String>);

async fn lasts(row: &Row, stage: &Stage) -> Done {
    let mut fault = Lasting::prepare(row.fault, stage).await;
    let clients = Clients::start(&row.configuration.of(stage.config()), &Workload::ALL).await;
    let began = Instant::now();
    fault.begin(stage).await;
    serve(row, &clients, began, [Expected::Switch].as_slice(), NAMES[1]).await;
    if row.expected.contains(&Expected::Either) {
        sleep(CHANCE).await;
    }
    sleep(AFTERWARDS).await;
    // They end before it does, so that nobody is on his way back.
    let worked = clients.end().await;
    let span = Span { began, ended: Instant::now() };
    fault.end(stage).await;
    (worked, span, None)
}

async fn passes(row: &Row, stage: &mut Stage) -> Done {
    let fault = Passing::prepare(row.fault, stage).await;
    let clients = Clients::start(&row.configuration.of(stage.config()), &Workload::ALL).await;
    let began = Instant::now();
    let (ended, note) = fault.happen(stage, &clients).await;
    let span = Span { began, ended };
    serve(row, &clients, span.ended, [Expected::Stay, Expected::Return].as_slice(), NAMES[0]).await;
    sleep(AFTERWARDS).await;
    (clients.end().await, span, note)
}

/// Until all clients of which this is expected are at this database, and are served there, or it is too late for that.
async fn serve(row: &Row, clients: &Clients, since: Instant, expected: &[Expected], name: &str) {
    let coming = async {
        for working in
            clients.working().iter().filter(|one| expected.contains(&row.expected_of(one.workload)))
        {
            while active(&working.client).as_deref() != Some(name) || !working.was_served_since(since) {
                sleep(LOOK).await;
            }
            let since = Instant::now();
            while !working.was_served_since(since) {
                sleep(LOOK).await;
            }
        }
    };
    // If it is too late, the cells say so.
    let _ = timeout(row.within.max(PATIENCE), coming).await;
}
