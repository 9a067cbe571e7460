//! Results as readers see them: from every index, while they grow, under memory bounds, after a restart.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use hearth_base::{ByteSize, Error, OperationId};
use hearth_core::engine::Flavor;
use hearth_core::result::{Bounds, ByteBound, ResultReader};
use hearth_core::{Item, Limits, MetadataStore, OperationState, Submission};
use hearth_testkit::hearth::{read_from, submission, wait_finished};
use hearth_testkit::{Gate, MemoryMetadataStore, MemoryResultStore, Step, TestHearth};
use tempfile::TempDir;

/// Bounds so small that a few batches fill them.
fn tight() -> Limits {
    Limits { result_memory: ByteSize::kib(64), ..Limits::default() }
}

/// Rows that make a batch of about 8 KiB.
const ROWS: usize = 1_000;

fn long_script(batches: usize) -> Vec<Step> {
    std::iter::once(Step::Schema).chain(std::iter::repeat_n(Step::Rows(ROWS), batches)).collect()
}

#[tokio::test]
async fn an_answer_reads_the_same_from_every_index() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    hearth.engine.script("five", vec![Step::Schema, Step::Rows(3), Step::Rows(1), Step::Rows(2)]);
    let operation = hearth.submit(&hearth.session().await.unwrap(), "five").await.unwrap();
    let (items, error) = read_from(&operation, 0).await;
    assert!(error.is_none());
    assert_eq!(items.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(matches!(items[0].1, Item::Schema(_)));
    assert_eq!(items[4].1, Item::Complete);
    let starts: Vec<_> = items.iter().filter_map(|(_, item)| batch(item)).collect();
    assert_eq!(starts, [(0, 3), (3, 1), (4, 2)]);
    for start in 0..items.len() {
        let (rest, error) = read_from(&operation, start as u64).await;
        assert!(error.is_none());
        assert_eq!(rest, items[start..]);
    }
}

fn batch(item: &Item) -> Option<(i64, i64)> {
    match item {
        Item::Batch(batch) => Some((batch.start, batch.rows)),
        Item::Schema(_) | Item::Answer(_) | Item::Complete => None,
    }
}

#[tokio::test]
async fn an_answer_is_read_while_it_is_written() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    let gate = Gate::default();
    hearth.engine.script("slow", vec![Step::Schema, Step::Rows(1), Step::Wait(gate.clone()), Step::Rows(1)]);
    let operation = hearth.submit(&hearth.session().await.unwrap(), "slow").await.unwrap();
    let mut reader = ResultReader::new(Arc::clone(&operation.log), 0);
    assert!(matches!(reader.next().await.unwrap(), Some((0, Item::Schema(_)))));
    assert!(matches!(reader.next().await.unwrap(), Some((1, Item::Batch(_)))));
    assert_eq!(operation.state(), OperationState::Running);
    gate.open();
    assert!(matches!(reader.next().await.unwrap(), Some((2, Item::Batch(_)))));
    assert_eq!(reader.next().await.unwrap(), Some((3, Item::Complete)));
    assert_eq!(reader.next().await.unwrap(), None);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_holds_no_memory_beyond_its_bound() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), tight());
    hearth.engine.script("long", long_script(100));
    let operation = hearth.submit(&hearth.session().await.unwrap(), "long").await.unwrap();
    wait_finished(&operation).await;
    assert_eq!(operation.state(), OperationState::Succeeded);
    assert!(operation.log.memory() <= 64 << 10, "{} bytes in memory", operation.log.memory());
    assert_eq!(operation.log.size().rows, 100_000);
    let (items, error) = read_from(&operation, 0).await;
    assert!(error.is_none());
    assert_eq!(items.len(), 102);
    let rows: i64 = items.iter().filter_map(|(_, item)| batch(item)).map(|(_, rows)| rows).sum();
    assert_eq!(rows, 100_000);
}

#[tokio::test]
async fn a_stalled_reader_holds_no_memory_beyond_the_bound_and_stops_no_work() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), tight());
    hearth.engine.script("long", long_script(50));
    let operation = hearth.submit(&hearth.session().await.unwrap(), "long").await.unwrap();
    let mut reader = ResultReader::new(Arc::clone(&operation.log), 0);
    reader.next().await.unwrap();
    wait_finished(&operation).await;
    assert!(operation.log.memory() <= 64 << 10);
    let mut items = 1;
    while reader.next().await.unwrap().is_some() {
        items += 1;
    }
    assert_eq!(items, 52);
}

#[tokio::test]
async fn a_reader_that_keeps_up_and_releases_leaves_nothing_to_spill() {
    let folder = TempDir::new().unwrap();
    let results = Arc::new(MemoryResultStore::default());
    let hearth = TestHearth::on(folder.path(), tight(), Arc::new(MemoryMetadataStore::default()), results.clone());
    hearth.engine.script("long", long_script(100));
    let session = hearth.session().await.unwrap();
    let mut submission = hearth_testkit::hearth::submission("long", None);
    submission.reattachable = false;
    let operation = hearth.operations.submit(&session, submission).await.unwrap();
    let mut reader = ResultReader::new(Arc::clone(&operation.log), 0);
    while let Some((index, _)) = reader.next().await.unwrap() {
        operation.log.release_until(index);
    }
    assert_eq!(results.appends(), 0);
    assert_eq!(operation.log.memory(), 0);
}

#[tokio::test]
async fn a_released_item_is_gone_and_the_rest_stays() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    hearth.engine.script("four", vec![Step::Schema, Step::Rows(1), Step::Rows(1)]);
    let operation = hearth.submit(&hearth.session().await.unwrap(), "four").await.unwrap();
    wait_finished(&operation).await;
    operation.log.release_until(1);
    let (items, error) = read_from(&operation, 1).await;
    assert_eq!(items, []);
    assert_eq!(error.unwrap().error().condition().name, "INVALID_CURSOR.POSITION_NOT_AVAILABLE");
    assert_eq!(read_from(&operation, 2).await.0.len(), 2);
}

#[tokio::test]
async fn a_result_over_its_quota_fails_with_the_limits_name() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { max_result_size: ByteSize::kib(100), ..tight() };
    let hearth = TestHearth::new(folder.path(), limits);
    hearth.engine.script("long", long_script(100));
    let operation = hearth.submit(&hearth.session().await.unwrap(), "long").await.unwrap();
    let (_, error) = read_from(&operation, 0).await;
    let error = error.unwrap();
    assert_eq!(error.error().condition().name, "HEARTH_RESULT_LIMIT");
    assert!(error.error().text().contains("result.max_size"));
}

#[tokio::test]
async fn after_a_restart_finished_answers_are_the_same_and_interrupted_work_says_so() {
    let folder = TempDir::new().unwrap();
    let metadata = Arc::new(MemoryMetadataStore::default());
    let results = Arc::new(MemoryResultStore::default());
    let (gate, failure) = (Gate::default(), hearth_base::condition::DIVIDE_BY_ZERO.with("config", "x"));
    let first = TestHearth::on(folder.path(), Limits::default(), metadata.clone(), results.clone());
    first.engine.script("done", vec![Step::Schema, Step::Rows(5), Step::Rows(7)]);
    first.engine.script("failed", vec![Step::Schema, Step::Fail(failure.clone())]);
    first.engine.script("running", vec![Step::Schema, Step::Rows(1), Step::Wait(gate.clone())]);
    let session = first.session().await.unwrap();
    let done = first.submit(&session, "done").await.unwrap();
    let failed = first.submit(&session, "failed").await.unwrap();
    let running = first.submit(&session, "running").await.unwrap();
    let (answer, _) = read_from(&done, 0).await;
    wait_finished(&failed).await;
    gate.arrived(1).await;

    let second = TestHearth::on(folder.path(), Limits::default(), metadata, results);
    second.operations.recover().await.unwrap();
    let find = async |id: &OperationId| second.operations.find(&second.principal, None, id).await;
    let again = find(&done.id).await.unwrap();
    for start in 0..answer.len() {
        assert_eq!(read_from(&again, start as u64).await.0, answer[start..]);
    }
    let error = read_from(find(&failed.id).await.unwrap().as_ref(), 0).await.1.unwrap();
    assert_eq!(error.error().to_string(), failure.to_string());
    let error = read_from(find(&running.id).await.unwrap().as_ref(), 0).await.1.unwrap();
    assert_eq!(error.error().condition().name, "HEARTH_SERVER_STOPPED");
    assert_eq!(second.engine.executed(), 0, "nothing is run again");
    let stranger = hearth_core::Principal::named("mallory");
    let error = second.operations.find(&stranger, None, &done.id).await.unwrap_err();
    assert_eq!(error.condition().name, "INVALID_HANDLE.OPERATION_NOT_FOUND");
    // The same id again is the same operation, not another run of it.
    let session = second.session().await.unwrap();
    let error = second.submit_as(&session, "done", done.id.clone()).await.unwrap_err();
    assert_eq!(error.condition().name, "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
}

#[tokio::test]
async fn a_released_operation_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let results = Arc::new(MemoryResultStore::default());
    let metadata = Arc::new(MemoryMetadataStore::default());
    let hearth = TestHearth::on(folder.path(), tight(), metadata, results.clone());
    let gate = Gate::default();
    hearth.engine.script("done", long_script(20));
    let mut script = long_script(20);
    script.push(Step::WaitStubbornly(gate.clone()));
    script.extend(std::iter::repeat_n(Step::Rows(ROWS), 20));
    hearth.engine.script("running", script);
    let session = hearth.session().await.unwrap();
    let done = hearth.submit(&session, "done").await.unwrap();
    wait_finished(&done).await;
    let running = hearth.submit(&session, "running").await.unwrap();
    gate.arrived(1).await;
    for operation in [&done, &running] {
        hearth.operations.release(Some(&session), operation).await.unwrap();
        assert!(session.operation(&operation.id).is_none());
        assert_eq!(operation.log.memory(), 0);
    }
    gate.open();
    wait_finished(&running).await;
    assert_eq!(running.state(), OperationState::Cancelled);
    assert_eq!((results.count(), running.log.memory()), (0, 0));
    let error = hearth.operations.find(&hearth.principal, Some(&session), &done.id).await.unwrap_err();
    assert_eq!(error.condition().name, "INVALID_HANDLE.OPERATION_NOT_FOUND");
}

#[tokio::test]
async fn an_expired_answer_is_gone_and_its_history_later() {
    let folder = TempDir::new().unwrap();
    let results = Arc::new(MemoryResultStore::default());
    let metadata = Arc::new(MemoryMetadataStore::default());
    let limits = Limits { history_retention: Duration::from_secs(24 * 3600), ..Limits::default() };
    let hearth = TestHearth::on(folder.path(), limits, metadata, results.clone());
    let session = hearth.session().await.unwrap();
    hearth.engine.script("large", long_script(20));
    let operation = hearth.submit(&session, "large").await.unwrap();
    wait_finished(&operation).await;
    assert_eq!(results.count(), 1);
    let sweep = async || hearth.operations.sweep(&hearth.sessions.all()).await.unwrap();
    hearth.clock.advance(Duration::from_secs(3599));
    sweep().await;
    assert_eq!(results.count(), 1);
    hearth.clock.advance(Duration::from_secs(2));
    sweep().await;
    assert_eq!((results.count(), session.operations().len()), (0, 0));
    let record = hearth.metadata.operation(&operation.id).await.unwrap().unwrap();
    assert_eq!(record.state, OperationState::Expired);
    hearth.clock.advance(Duration::from_secs(24 * 3600));
    sweep().await;
    assert_eq!(hearth.metadata.operation(&operation.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_small_result_is_kept_with_its_operation() {
    let folder = TempDir::new().unwrap();
    let (metadata, results) = (Arc::new(MemoryMetadataStore::default()), Arc::new(MemoryResultStore::default()));
    let first = TestHearth::on(folder.path(), Limits::default(), metadata.clone(), results.clone());
    let session = first.session().await.unwrap();
    let operation = first.submit(&session, "anything").await.unwrap();
    let (items, _) = read_from(&operation, 0).await;
    assert_eq!(results.count(), 0);
    let again = TestHearth::on(folder.path(), Limits::default(), metadata.clone(), results);
    let restored = again.operations.find(&again.principal, None, &operation.id).await.unwrap();
    assert_eq!((read_from(&restored, 0).await.0, restored.log.size()), (items, operation.log.size()));
    assert_eq!(restored.log.layout(), operation.log.layout());
    again.operations.close(None, &restored).await.unwrap();
    let record = metadata.operation(&operation.id).await.unwrap().unwrap();
    assert_eq!((record.state, record.result), (OperationState::Expired, None));
}

#[tokio::test]
async fn bounds_cut_a_result_and_say_so() {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default());
    hearth.engine.script("ten", vec![Step::Schema, Step::Rows(4), Step::Rows(6)]);
    let run = async |bounds: Bounds| {
        let session = hearth.sessions.open_transient(&hearth.principal, Flavor::Spark, None).await.unwrap();
        let submission = Submission { bounds, ..submission("ten", None) };
        let operation = hearth.operations.submit(&session, submission).await.unwrap();
        wait_finished(&operation).await;
        let layout = operation.log.layout();
        (operation, layout.batches.iter().map(|batch| batch.rows).collect::<Vec<_>>(), layout.truncated)
    };
    let rows = |rows| Bounds { rows: Some(rows), ..Bounds::default() };
    let bytes = |bytes| Bounds { bytes: Some(bytes), ..Bounds::default() };
    assert_eq!(run(rows(0)).await.1, Vec::<i64>::new());
    let (operation, batches, truncated) = run(rows(5)).await;
    assert_eq!((batches, truncated), (vec![4, 1], true));
    let found = hearth.operations.find(&hearth.principal, None, &operation.id).await.unwrap();
    assert!(Arc::ptr_eq(&found, &operation), "a transient session's operation is found by its id");
    let (_, batches, truncated) = run(rows(10)).await;
    assert_eq!((batches, truncated), (vec![4, 6], false));
    let (_, batches, truncated) = run(bytes(ByteBound::Truncate(ByteSize::new(40)))).await;
    assert_eq!((batches, truncated), (vec![4, 1], true));
    let refusal = ByteBound::Refuse(ByteSize::new(40), Error::internal("too large"));
    assert_eq!(run(bytes(refusal)).await.0.state(), OperationState::Failed);
    assert_eq!(hearth.engine.open_sessions(), 0);
}
