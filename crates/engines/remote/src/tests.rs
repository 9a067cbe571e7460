//! Sessions over a scripted upstream: what it is asked, and what becomes of its answers.

mod errors;
mod execute;
mod scripted;
mod session;

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use hearth_base::OperationId;
use hearth_core::engine::{Flavor, SqlWork};
use hearth_core::result::{Bounds, ReadError};
use hearth_core::store::Origin;
use hearth_core::{Engines, Item, Limits, Operation, Session, Submission, Work};
use hearth_proto::connect as pb;
use hearth_testkit::TestHearth;
use hearth_testkit::hearth::{read_from, wait_finished};
use hearth_types::{DataType, StructField, StructType};
use pb::execute_plan_response::{ArrowBatch, ResponseType};
use tempfile::TempDir;

use crate::{RemoteEngine, RemoteSettings};
use scripted::{Reply, Scripted};

/// A core whose only engine is elsewhere.
struct Remote {
    hearth: TestHearth,
    upstream: Arc<Scripted>,
    _folder: TempDir,
}

impl Remote {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(RemoteSettings::default(), replies)
    }

    fn with(settings: RemoteSettings, replies: impl IntoIterator<Item = Reply>) -> Self {
        let upstream = Arc::new(Scripted::new(replies));
        let settings = RemoteSettings { name: "far".to_owned(), ..settings };
        let engine = Arc::new(RemoteEngine::new(settings, Arc::clone(&upstream) as _));
        let folder = TempDir::new().unwrap();
        let hearth =
            TestHearth::with_engines(folder.path(), Limits::default(), Arc::default(), Engines::single(engine));
        Self { hearth, upstream, _folder: folder }
    }

    async fn session(&self) -> Arc<Session> {
        self.hearth.session().await.unwrap()
    }

    async fn submit(&self, session: &Arc<Session>, work: Work) -> Arc<Operation> {
        self.submit_within(session, work, Bounds::default()).await
    }

    async fn submit_within(&self, session: &Arc<Session>, work: Work, bounds: Bounds) -> Arc<Operation> {
        let submission = Submission {
            id: Some(OperationId::random()),
            work,
            tags: Vec::new(),
            reattachable: true,
            description: String::new(),
            origin: Origin::default(),
            bounds,
        };
        self.hearth.operations.submit(session, submission).await.unwrap()
    }

    async fn run(&self, session: &Arc<Session>, work: Work) -> (Vec<Item>, Option<ReadError>) {
        let operation = self.submit(session, work).await;
        items(&operation).await
    }
}

async fn items(operation: &Operation) -> (Vec<Item>, Option<ReadError>) {
    wait_finished(operation).await;
    let (items, error) = read_from(operation, 0).await;
    (items.into_iter().map(|(_, item)| item).collect(), error)
}

fn warehouse(text: &str) -> Work {
    Work::Sql(SqlWork { text: text.to_owned(), flavor: Flavor::Warehouse, ..SqlWork::default() })
}

fn structure(names: &[&str]) -> StructType {
    StructType::new(names.iter().map(|name| StructField::new(*name, DataType::Long, false)))
}

fn schema(structure: &StructType) -> pb::ExecutePlanResponse {
    let wire = hearth_plan::to_proto::types::data_type(&DataType::Struct(structure.clone()));
    pb::ExecutePlanResponse { schema: Some(wire), ..ids() }
}

fn ids() -> pb::ExecutePlanResponse {
    pb::ExecutePlanResponse {
        session_id: "there".to_owned(),
        server_side_session_id: "incarnation".to_owned(),
        operation_id: "operation".to_owned(),
        response_id: "response".to_owned(),
        ..Default::default()
    }
}

fn response(response_type: ResponseType) -> pb::ExecutePlanResponse {
    pb::ExecutePlanResponse { response_type: Some(response_type), ..ids() }
}

fn encoded(batch: &RecordBatch) -> Bytes {
    let mut buffer = Vec::new();
    let mut writer = StreamWriter::try_new(&mut buffer, &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    Bytes::from(buffer)
}

fn of_batch(batch: &RecordBatch) -> pb::ExecutePlanResponse {
    let row_count = i64::try_from(batch.num_rows()).unwrap();
    response(ResponseType::ArrowBatch(ArrowBatch { row_count, data: encoded(batch), ..Default::default() }))
}

fn numbers(name: &str, values: &[i64]) -> RecordBatch {
    let array = Arc::new(Int64Array::from(values.to_vec()));
    RecordBatch::try_from_iter([(name, array as _)]).unwrap()
}

fn texts(columns: &[(&str, &[&str])]) -> RecordBatch {
    let columns = columns.iter().map(|(name, values)| (*name, Arc::new(StringArray::from(values.to_vec())) as _));
    RecordBatch::try_from_iter(columns).unwrap()
}
