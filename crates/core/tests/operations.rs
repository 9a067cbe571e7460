//! Operations: acknowledged when stored, cancelled when asked, one per id, fair between principals.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use hearth_base::{OperationId, SessionId};
use hearth_core::result::ResultReader;
use hearth_core::{Limits, MetadataStore, OperationState, Principal};
use hearth_testkit::hearth::{read_from, submission, wait_finished};
use hearth_testkit::{Gate, MemoryMetadataStore, MemoryResultStore, Step, TestHearth};
use tempfile::TempDir;

fn hearth(folder: &TempDir, limits: Limits) -> (TestHearth, Arc<MemoryMetadataStore>) {
    let metadata = Arc::new(MemoryMetadataStore::default());
    let results = Arc::new(MemoryResultStore::default());
    (TestHearth::on(folder.path(), limits, metadata.clone(), results), metadata)
}

#[tokio::test]
async fn an_operation_is_stored_before_it_is_acknowledged_and_its_end_before_it_is_seen() {
    let folder = TempDir::new().unwrap();
    let (hearth, metadata) = hearth(&folder, Limits::default());
    let session = hearth.session().await.unwrap();
    let operation = hearth.submit(&session, "anything").await.unwrap();
    assert!(metadata.operation(&operation.id).await.unwrap().is_some());
    let (items, error) = read_from(&operation, 0).await;
    assert!(error.is_none());
    assert_eq!(items.len(), 3);
    assert_eq!(metadata.transitions(&operation.id), [OperationState::Queued, OperationState::Succeeded]);
    let record = metadata.operation(&operation.id).await.unwrap().unwrap();
    assert_eq!((record.rows, record.description.as_str()), (1, "anything"));
    assert!(record.bytes > 0 && record.started_at.is_some() && record.finished_at.is_some());
}

#[tokio::test]
async fn without_the_store_nothing_is_acknowledged() {
    let folder = TempDir::new().unwrap();
    let (hearth, metadata) = hearth(&folder, Limits::default());
    let session = hearth.session().await.unwrap();
    metadata.break_writes(true);
    let id = OperationId::random();
    assert!(hearth.submit_as(&session, "anything", id.clone()).await.is_err());
    assert!(session.operation(&id).is_none());
    assert_eq!((hearth.engine.executed(), hearth.operations.admission().load()), (0, (0, 0)));
    metadata.break_writes(false);
    hearth.submit_as(&session, "anything", id).await.unwrap();
}

#[tokio::test]
async fn the_same_id_twice_is_one_operation() {
    let folder = TempDir::new().unwrap();
    let (hearth, _) = hearth(&folder, Limits::default());
    let (session, id) = (hearth.session().await.unwrap(), OperationId::random());
    let operation = hearth.submit_as(&session, "anything", id.clone()).await.unwrap();
    let error = hearth.submit_as(&session, "anything", id.clone()).await.unwrap_err();
    assert_eq!(error.condition().name, "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
    let other = hearth.sessions.get_or_open(&Principal::named("mallory"), &SessionId::random(), None).await.unwrap();
    let error = hearth.submit_as(&other, "anything", id).await.unwrap_err();
    assert_eq!(error.condition().name, "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
    assert!(read_from(&operation, 0).await.1.is_none());
    assert_eq!(hearth.engine.executed(), 1);
    let error = hearth.submit_as(&session, "anything", OperationId::new("../x")).await.unwrap_err();
    assert_eq!(error.condition().name, "INVALID_HANDLE.FORMAT");
}

#[tokio::test]
async fn cancelling_stops_work_that_runs_waits_or_does_not_listen() {
    let folder = TempDir::new().unwrap();
    let (hearth, metadata) = hearth(&folder, Limits { max_running_operations: 2, ..Limits::default() });
    let gate = Gate::default();
    hearth.engine.script("listens", vec![Step::Schema, Step::Wait(gate.clone())]);
    hearth.engine.script("does not", vec![Step::Schema, Step::WaitStubbornly(gate.clone())]);
    let session = hearth.session().await.unwrap();
    let listens = hearth.submit(&session, "listens").await.unwrap();
    let deaf = hearth.submit(&session, "does not").await.unwrap();
    let waits = hearth.submit(&session, "anything").await.unwrap();
    gate.arrived(2).await;
    assert_eq!(waits.state(), OperationState::Queued);
    let mut interrupted = hearth.operations.interrupt(&session, |_| true);
    interrupted.sort();
    let mut expected = vec![listens.id.clone(), deaf.id.clone(), waits.id.clone()];
    expected.sort();
    assert_eq!(interrupted, expected);
    for operation in [&listens, &deaf, &waits] {
        let error = read_from(operation, 0).await.1.unwrap();
        assert_eq!(error.error().condition().name, "OPERATION_CANCELED");
        assert_eq!(operation.state(), OperationState::Cancelled);
        assert_eq!(metadata.operation(&operation.id).await.unwrap().unwrap().state, OperationState::Cancelled);
    }
    assert_eq!(hearth.engine.executed(), 2, "what waited never ran");
    assert_eq!(hearth.operations.interrupt(&session, |_| true), []);
    assert_eq!(hearth.operations.admission().load(), (0, 0));
}

#[tokio::test]
async fn cancel_of_a_finished_operation_keeps_its_result() {
    let folder = TempDir::new().unwrap();
    let (hearth, _) = hearth(&folder, Limits::default());
    let session = hearth.session().await.unwrap();
    let operation = hearth.submit(&session, "anything").await.unwrap();
    wait_finished(&operation).await;
    operation.request_cancel();
    let (items, error) = read_from(&operation, 0).await;
    assert!(error.is_none());
    assert_eq!((items.len(), operation.state()), (3, OperationState::Succeeded));
}

#[tokio::test]
async fn a_panic_of_the_engine_fails_its_operation_and_no_other() {
    let folder = TempDir::new().unwrap();
    let (hearth, _) = hearth(&folder, Limits { max_running_operations: 1, ..Limits::default() });
    hearth.engine.script("panics", vec![Step::Schema, Step::Panic]);
    let session = hearth.session().await.unwrap();
    let panics = hearth.submit(&session, "panics").await.unwrap();
    let next = hearth.submit(&session, "anything").await.unwrap();
    let error = read_from(&panics, 0).await.1.unwrap();
    assert_eq!(error.error().condition().name, "INTERNAL_ERROR");
    assert!(read_from(&next, 0).await.1.is_none());
    assert_eq!(hearth.operations.admission().load(), (0, 0));
}

#[tokio::test]
async fn principals_take_turns() {
    let folder = TempDir::new().unwrap();
    let (hearth, metadata) = hearth(&folder, Limits { max_running_operations: 1, ..Limits::default() });
    let gate = Gate::default();
    hearth.engine.script("waits", vec![Step::Wait(gate.clone())]);
    let open = async |name: &str| {
        hearth.sessions.get_or_open(&Principal::named(name), &SessionId::random(), None).await.unwrap()
    };
    let (busy, quiet) = (open("busy").await, open("quiet").await);
    let first = hearth.submit(&busy, "waits").await.unwrap();
    gate.arrived(1).await;
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(hearth.submit(&busy, "anything").await.unwrap());
        hearth.clock.advance(Duration::from_millis(1));
    }
    let one = hearth.submit(&quiet, "anything").await.unwrap();
    gate.open();
    wait_finished(&first).await;
    wait_finished(&one).await;
    for operation in &crowd {
        wait_finished(operation).await;
    }
    let order = metadata.finish_order();
    let place = order.iter().position(|id| *id == one.id).unwrap();
    assert!(place <= 2, "the quiet one's only operation was number {place}");
}

#[tokio::test]
async fn a_running_operation_that_nobody_comes_back_for_is_given_up() {
    let folder = TempDir::new().unwrap();
    let (hearth, _) = hearth(&folder, Limits::default());
    let gate = Gate::default();
    hearth.engine.script("waits", vec![Step::Schema, Step::Wait(gate.clone())]);
    let session = hearth.session().await.unwrap();
    let operation = hearth.submit(&session, "waits").await.unwrap();
    gate.arrived(1).await;
    let sweep = async || hearth.operations.sweep(&hearth.sessions.all()).await.unwrap();
    let ten_minutes = Duration::from_secs(600);
    let reader = ResultReader::new(Arc::clone(&operation.log), 0);
    sweep().await;
    hearth.clock.advance(ten_minutes);
    sweep().await;
    assert!(!operation.is_cancel_requested(), "somebody reads");
    drop(reader);
    sweep().await;
    hearth.clock.advance(ten_minutes);
    sweep().await;
    let error = read_from(&operation, 1).await.1.unwrap();
    assert_eq!(error.error().condition().name, "INVALID_HANDLE.OPERATION_ABANDONED");
}

#[tokio::test]
async fn a_draining_server_takes_no_work_and_lets_running_work_end() {
    let folder = TempDir::new().unwrap();
    let (hearth, _) = hearth(&folder, Limits::default());
    let gate = Gate::default();
    hearth.engine.script("waits", vec![Step::Schema, Step::Wait(gate.clone())]);
    let session = hearth.session().await.unwrap();
    let running = hearth.submit(&session, "waits").await.unwrap();
    gate.arrived(1).await;
    let draining = hearth.operations.drain(Duration::from_secs(60));
    let meanwhile = async {
        let error = hearth.operations.submit(&session, submission("anything", None)).await.unwrap_err();
        assert_eq!(error.condition().name, "HEARTH_DRAINING");
        gate.open();
    };
    tokio::join!(draining, meanwhile);
    assert_eq!(running.state(), OperationState::Succeeded);
}

#[tokio::test]
async fn work_that_outlives_the_grace_says_that_the_server_stopped() {
    let folder = TempDir::new().unwrap();
    let (hearth, metadata) = hearth(&folder, Limits::default());
    let gate = Gate::default();
    hearth.engine.script("waits", vec![Step::Schema, Step::Wait(gate.clone())]);
    let session = hearth.session().await.unwrap();
    let running = hearth.submit(&session, "waits").await.unwrap();
    gate.arrived(1).await;
    let mut reader = ResultReader::new(Arc::clone(&running.log), 1);
    let (error, ()) = tokio::join!(reader.next(), hearth.operations.drain(Duration::from_millis(1)));
    assert_eq!(error.unwrap_err().error().condition().name, "HEARTH_SERVER_STOPPED");
    let record = metadata.operation(&running.id).await.unwrap().unwrap();
    assert_eq!(record.failure.unwrap().condition, "HEARTH_SERVER_STOPPED");
}
