//! Executions: the order of their answers, and how they end.

use std::time::Duration;

use hearth_base::ErrorKind;
use hearth_core::OperationState;
use hearth_core::result::{Batch, ResultReader};
use pb::execute_plan_response::execution_progress::StageInfo;
use pb::execute_plan_response::{ExecutionProgress, Metrics, ObservedMetrics, SqlCommandResult};
use pb::interrupt_request::Interrupt;
use prost::Message;

use super::*;
use crate::Failure;

fn stage(tasks: i64, done: i64) -> StageInfo {
    StageInfo { num_tasks: tasks, num_completed_tasks: done, input_bytes_read: 10, ..Default::default() }
}

#[tokio::test]
async fn an_answer_keeps_its_order_and_its_bytes() {
    let batch = numbers("id", &[1, 2, 3]);
    let progress = ExecutionProgress { stages: vec![stage(4, 2), stage(3, 3)], num_inflight_tasks: 2 };
    let observed = pb::ExecutePlanResponse {
        observed_metrics: vec![ObservedMetrics { name: "o".to_owned(), ..Default::default() }],
        ..ids()
    };
    let metrics = pb::ExecutePlanResponse { metrics: Some(Metrics::default()), ..ids() };
    let remote = Remote::new([Reply::Responses(vec![
        schema(&structure(&["id"])),
        response(ResponseType::ExecutionProgress(progress)),
        of_batch(&batch),
        metrics,
        of_batch(&numbers("id", &[4])),
        of_batch(&numbers("id", &[5, 6])),
        observed.clone(),
        response(ResponseType::ResultComplete(pb::execute_plan_response::ResultComplete {})),
    ])]);
    let session = remote.session().await;
    let plan = Bytes::from_static(b"\x9a\x3e\x01x: not even a plan");
    let operation = remote.submit(&session, Work::Plan(plan.clone())).await;
    let (items, error) = items(&operation).await;
    assert!(error.is_none(), "{error:?}");
    let [
        Item::Schema(columns),
        Item::Batch(first),
        Item::Answer(_),
        Item::Batch(second),
        Item::Answer(last),
        Item::Complete,
    ] = items.as_slice()
    else {
        panic!("{items:?}");
    };
    assert_eq!(**columns, structure(&["id"]));
    assert_eq!(*first, Batch { rows: 3, start: 0, data: encoded(&batch) });
    assert_eq!(*second, Batch { rows: 3, start: 3, data: encoded(&numbers("id", &[4, 5, 6])) }, "small ones as one");
    let last = pb::ExecutePlanResponse::decode(last.clone()).unwrap();
    assert_eq!(last, pb::ExecutePlanResponse { observed_metrics: observed.observed_metrics, ..Default::default() });
    let progress = operation.progress.snapshot();
    assert_eq!((progress.tasks, progress.completed, progress.bytes_read), (7, 5, 20));

    let asked = remote.upstream.asked.lock();
    let [request] = asked.executions.as_slice() else { panic!("{asked:?}") };
    assert_eq!(request.plan, plan);
    assert_eq!(request.operation_id.as_deref(), Some(operation.id.as_str()));
    assert_eq!(request.user_context.as_ref().unwrap().user_id, "ada");
    assert_ne!(request.session_id, session.key.session.as_str());
    assert!(asked.interrupts.is_empty());
}

#[tokio::test]
async fn rows_do_not_wait_for_more_while_somebody_wants_them() {
    let rows = vec![schema(&structure(&["id"])), of_batch(&numbers("id", &[1])), of_batch(&numbers("id", &[2]))];
    let remote = Remote::new([Reply::Hang(rows)]);
    let session = remote.session().await;
    let operation = remote.submit(&session, Work::Plan(Bytes::new())).await;
    let mut reader = ResultReader::new(Arc::clone(&operation.log), 0);
    let mut found = 0;
    while found < 2 {
        if let Some((_, Item::Batch(batch))) = reader.next().await.unwrap() {
            found += batch.rows;
        }
    }
    assert_eq!(operation.state(), OperationState::Running);
    operation.request_cancel();
}

#[tokio::test]
async fn rows_before_an_error_are_there() {
    let rows = vec![schema(&structure(&["id"])), of_batch(&numbers("id", &[1])), of_batch(&numbers("id", &[2]))];
    let remote = Remote::new([Reply::Break(rows, Failure::Lost("the connection broke".to_owned()))]);
    let (items, error) = remote.run(&remote.session().await, Work::Plan(Bytes::new())).await;
    assert!(matches!(items.as_slice(), [Item::Schema(_), Item::Batch(Batch { rows: 2, .. })]), "{items:?}");
    assert!(error.is_some());
}

#[tokio::test]
async fn what_the_first_answer_called_the_session_is_sent_from_then_on() {
    let answer = || Reply::Responses(vec![schema(&structure(&["id"])), of_batch(&numbers("id", &[1]))]);
    let remote = Remote::new([answer(), answer()]);
    let session = remote.session().await;
    for _ in 0..2 {
        remote.run(&session, Work::Sql(SqlWork::spark("SELECT 1"))).await;
    }
    let asked = remote.upstream.asked.lock();
    let observed = |index: usize| asked.executions[index].client_observed_server_side_session_id.clone();
    assert_eq!((observed(0), observed(1).as_deref()), (None, Some("incarnation")));
    assert_eq!(asked.executions[0].session_id, asked.executions[1].session_id);
}

#[tokio::test]
async fn a_statement_without_columns_has_no_rows() {
    let empty = of_batch(&RecordBatch::new_empty(arrow::datatypes::Schema::empty().into()));
    let answer = || Reply::Responses(vec![schema(&structure(&[])), empty.clone()]);
    let remote = Remote::new([answer(), answer()]);
    let session = remote.session().await;
    let (items, _) = remote.run(&session, Work::Sql(SqlWork::spark("CREATE TABLE t (a INT)"))).await;
    assert_eq!(items, [Item::Complete]);
    let (items, _) = remote.run(&session, Work::Plan(crate::sql::plain("CREATE TABLE t (a INT)".to_owned()))).await;
    assert!(matches!(items.as_slice(), [Item::Schema(_), Item::Batch(_), Item::Complete]), "{items:?}");
}

#[tokio::test]
async fn a_command_answers_as_it_was_answered() {
    let result = SqlCommandResult { relation: Some(pb::Relation::default()) };
    let remote = Remote::new([Reply::Responses(vec![response(ResponseType::SqlCommandResult(result.clone()))])]);
    let session = remote.session().await;
    let (items, _) = remote.run(&session, Work::Plan(Bytes::new())).await;
    let [Item::Answer(bytes), Item::Complete] = items.as_slice() else { panic!("{items:?}") };
    let answer = pb::ExecutePlanResponse::decode(bytes.clone()).unwrap();
    assert_eq!(answer.response_type, Some(ResponseType::SqlCommandResult(result)));
    assert_eq!((answer.session_id.as_str(), answer.response_id.as_str()), ("", ""));
}

#[tokio::test]
async fn a_cancelled_operation_is_interrupted_elsewhere() {
    let remote = Remote::new([Reply::Hang(vec![schema(&structure(&["id"]))])]);
    let session = remote.session().await;
    let operation = remote.submit(&session, Work::Plan(Bytes::new())).await;
    remote.upstream.called(1).await;
    operation.request_cancel();
    let (_, error) = items(&operation).await;
    assert_eq!(error.unwrap().error().kind(), ErrorKind::Cancelled);
    assert_eq!(operation.state(), OperationState::Cancelled);
    remote.upstream.called(2).await;
    let asked = remote.upstream.asked.lock();
    let expected = Interrupt::OperationId(operation.id.to_string());
    assert_eq!(asked.interrupts[0].interrupt, Some(expected));
    assert_eq!(asked.interrupts[0].session_id, asked.executions[0].session_id);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_takes_too_long_is_interrupted_elsewhere() {
    let remote = Remote::new([Reply::Hang(Vec::new())]);
    let session = remote.session().await;
    let bounds = Bounds { timeout: Some(Duration::from_secs(60)), ..Bounds::default() };
    let operation = remote.submit_within(&session, Work::Plan(Bytes::new()), bounds).await;
    let (_, error) = items(&operation).await;
    assert_eq!(error.unwrap().error().condition(), hearth_base::condition::OPERATION_TIMEOUT);
    remote.upstream.called(2).await;
    assert_eq!(remote.upstream.asked.lock().interrupts.len(), 1);
}

#[tokio::test]
async fn rows_that_nobody_wants_are_not_waited_for() {
    let rows = of_batch(&numbers("id", &[1, 2, 3]));
    let remote = Remote::new([Reply::Hang(vec![schema(&structure(&["id"])), rows])]);
    let session = remote.session().await;
    let bounds = Bounds { rows: Some(2), ..Bounds::default() };
    let operation = remote.submit_within(&session, Work::Sql(SqlWork::spark("SELECT 1")), bounds).await;
    let (items, error) = items(&operation).await;
    assert!(error.is_none());
    assert!(matches!(items.as_slice(), [Item::Schema(_), Item::Batch(Batch { rows: 2, .. }), Item::Complete]));
    remote.upstream.called(2).await;
    assert_eq!(remote.upstream.asked.lock().interrupts.len(), 1);
}

#[tokio::test]
async fn a_bounded_answer_without_rows_still_says_its_layout() {
    let none = of_batch(&numbers("id", &[]));
    let remote = Remote::new([Reply::Responses(vec![schema(&structure(&["id"])), none])]);
    let session = remote.session().await;
    let bounds = Bounds { rows: Some(2), ..Bounds::default() };
    let operation = remote.submit_within(&session, Work::Sql(SqlWork::spark("SELECT 1")), bounds).await;
    let (items, _) = items(&operation).await;
    let [Item::Schema(_), Item::Batch(batch), Item::Complete] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!((batch.rows, &batch.data), (0, &encoded(&numbers("id", &[]))));
}

#[tokio::test]
async fn an_engine_that_is_gone_is_named() {
    let remote = Remote::new([
        Reply::Refuse(Failure::Unreachable("connection refused".to_owned())),
        Reply::Break(vec![schema(&structure(&["id"]))], Failure::Lost("the connection broke".to_owned())),
    ]);
    let session = remote.session().await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let (_, error) = remote.run(&session, Work::Plan(Bytes::new())).await;
        let error = error.unwrap().error().clone();
        assert!(error.named_parameters().any(|parameter| parameter == ("engine", "far")), "{error}");
        told.push(error.name().to_owned());
    }
    assert_eq!(told, ["HEARTH_ENGINE_UNAVAILABLE", "HEARTH_ENGINE_LOST"]);
    // What was lost may still run.
    remote.upstream.called(3).await;
    assert_eq!(remote.upstream.asked.lock().interrupts.len(), 1);
}
