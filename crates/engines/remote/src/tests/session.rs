//! What a session is beside its executions: settings, places, artifacts, copies, its end.

use hearth_base::ErrorKind;
use hearth_base::SessionId;
use hearth_core::engine::{Answer, Artifact, ConfigRequest, Engine, EngineSession, Namespace, Question, SessionSpec};
use hearth_core::{OpContext, Principal};
use hearth_proto::rpc;
use pb::add_artifacts_request::Payload;
use pb::config_request::operation::OpType;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::Failure;

struct Alone {
    upstream: Arc<Scripted>,
    engine: RemoteEngine,
}

impl Alone {
    fn new(settings: RemoteSettings, replies: impl IntoIterator<Item = Reply>) -> Self {
        let upstream = Arc::new(Scripted::new(replies));
        Self { engine: RemoteEngine::new(settings, Arc::clone(&upstream) as _), upstream }
    }

    async fn session(&self, flavor: Flavor) -> Arc<dyn EngineSession> {
        self.engine.open_session(spec(flavor)).await.unwrap()
    }
}

fn spec(flavor: Flavor) -> SessionSpec {
    SessionSpec { principal: Principal::named("ada"), session: SessionId::random(), flavor, folder: "/nowhere".into() }
}

fn context() -> OpContext {
    OpContext {
        principal: Principal::named("ada"),
        session: SessionId::random(),
        operation: OperationId::random(),
        cancel: CancellationToken::new(),
    }
}

fn stands(catalog: &str, schema: &str) -> Reply {
    let batch = texts(&[("current_catalog()", &[catalog]), ("current_schema()", &[schema])]);
    Reply::Responses(vec![of_batch(&batch)])
}

fn nothing() -> Reply {
    Reply::Responses(Vec::new())
}

fn elsewhere(text: &str, catalog: Option<&str>, schema: Option<&str>) -> Work {
    let namespace = Namespace { catalog: catalog.map(ToOwned::to_owned), schema: schema.map(ToOwned::to_owned) };
    Work::Sql(SqlWork { text: text.to_owned(), namespace, ..SqlWork::default() })
}

#[tokio::test]
async fn a_session_costs_nothing_before_its_first_call_and_starts_with_its_settings() {
    let settings = RemoteSettings {
        session_settings: vec![("spark.sql.shuffle.partitions".to_owned(), "4".to_owned())],
        ..RemoteSettings::default()
    };
    let alone = Alone::new(settings, []);
    let unused = alone.session(Flavor::Spark).await;
    unused.close().await;
    let session = alone.session(Flavor::Warehouse).await;
    assert_eq!(*alone.upstream.calls.borrow(), 0);
    let answer = session.analyze(&context(), Question::SparkVersion).await.unwrap();
    assert_eq!(answer, Answer::Text("4.2.0".to_owned()));
    let said = session.configure(ConfigRequest::Get { keys: vec!["k".to_owned()] }).await.unwrap();
    assert_eq!((said.pairs, said.warnings), (vec![("k".to_owned(), None)], vec!["careful".to_owned()]));
    session.close().await;
    let asked = alone.upstream.asked.lock();
    let Some(OpType::Set(set)) = asked.configs[0].operation.clone().unwrap().op_type else { panic!("{asked:?}") };
    let pairs: Vec<_> = set.pairs.iter().map(|pair| (pair.key.as_str(), pair.value.as_deref())).collect();
    assert_eq!(pairs, [("spark.sql.shuffle.partitions", Some("4")), ("spark.sql.session.timeZone", Some("Etc/UTC"))]);
    assert_eq!((asked.configs.len(), asked.released.len()), (2, 1));
    assert_eq!(asked.released[0].session_id, asked.configs[0].session_id);
}

#[tokio::test]
async fn a_statement_stands_elsewhere_and_the_next_one_at_home() {
    let replies = [stands("spark_catalog", "default"), nothing(), nothing(), nothing(), nothing(), nothing()];
    let remote = Remote::new(replies);
    let session = remote.session().await;
    for _ in 0..2 {
        remote.run(&session, elsewhere("SELECT 1", Some("main"), Some("a`b"))).await;
    }
    remote.run(&session, Work::Sql(SqlWork::spark("SELECT 2"))).await;
    assert_eq!(
        remote.upstream.statements(),
        [
            "SELECT current_catalog(), current_schema()",
            "SET CATALOG `main`",
            "USE SCHEMA `a``b`",
            "SELECT 1",
            "SELECT 1",
            "USE `spark_catalog`.default",
            "SELECT 2",
        ]
    );
}

#[tokio::test]
async fn a_statement_that_moves_the_session_is_not_trusted_to_have_stayed() {
    let remote = Remote::new([stands("spark_catalog", "default")]);
    let session = remote.session().await;
    remote.run(&session, elsewhere("USE s", Some("spark_catalog"), Some("a"))).await;
    remote.run(&session, elsewhere("SELECT 1", Some("spark_catalog"), Some("a"))).await;
    let asked = remote.upstream.statements();
    assert_eq!(asked[1..], ["USE SCHEMA `a`", "USE s", "SET CATALOG `spark_catalog`", "USE SCHEMA `a`", "SELECT 1"]);
}

#[tokio::test]
async fn a_statement_that_stands_at_home_moves_nobody() {
    let home = || stands("main", "default");
    let remote = Remote::new([home(), nothing(), home(), nothing(), nothing(), nothing(), home()]);
    let session = remote.session().await;
    remote.run(&session, elsewhere("SELECT 1", Some("main"), Some("default"))).await;
    remote.run(&session, elsewhere("SELECT 2", None, Some("s"))).await;
    // What a statement does not name is as at home, not as the statement before has left it.
    remote.run(&session, elsewhere("SELECT 3", Some("c"), None)).await;
    let asks = "SELECT current_catalog(), current_schema()";
    assert_eq!(
        remote.upstream.statements(),
        [
            asks,
            "SELECT 1",
            asks,
            "USE SCHEMA `s`",
            "SELECT 2",
            "USE `main`.default",
            asks,
            "SET CATALOG `c`",
            "SELECT 3",
        ]
    );
}

#[tokio::test]
async fn parameters_travel_as_literals() {
    use hearth_core::engine::Parameter;
    use pb::expression::ExprType;
    use pb::expression::literal::LiteralType;
    let remote = Remote::new([]);
    let session = remote.session().await;
    let parameter = |name: &str, data_type: DataType, value: Option<&str>| Parameter {
        name: Some(name.to_owned()),
        data_type,
        value: value.map(ToOwned::to_owned),
    };
    let work = SqlWork {
        text: "SELECT :a, :b, :c".to_owned(),
        parameters: vec![
            parameter("a", DataType::Integer, Some("41")),
            parameter("b", DataType::Timestamp, Some("2024-01-01 00:00:00")),
            parameter("c", DataType::Date, None),
        ],
        ..SqlWork::default()
    };
    remote.run(&session, Work::Sql(work)).await;
    assert_eq!(remote.upstream.statements(), ["SELECT :a, CAST(:b AS TIMESTAMP), :c"]);
    let request = remote.upstream.asked.lock().executions[0].plan.clone();
    let plan = hearth_plan::from_proto::decode_message_of_plan(request).unwrap();
    let Some(pb::plan::OpType::Root(pb::Relation { rel_type: Some(pb::relation::RelType::Sql(sql)), .. })) =
        plan.op_type
    else {
        panic!()
    };
    let value = |name: &str| match &sql.named_arguments[name].expr_type {
        Some(ExprType::Literal(literal)) => literal.literal_type.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(value("a"), LiteralType::Integer(41));
    assert_eq!(value("b"), LiteralType::String("2024-01-01 00:00:00".to_owned()));
    assert!(matches!(value("c"), LiteralType::Null(_)));
}

#[tokio::test]
async fn a_warehouse_calls_schemas_databases() {
    let rows = texts(&[("namespace", &["default", "s"])]);
    let columns = StructType::new([StructField::new("namespace", DataType::STRING, false)]);
    let remote = Remote::new([Reply::Responses(vec![schema(&columns), of_batch(&rows)])]);
    let session = remote.session().await;
    let (items, error) = remote.run(&session, warehouse("SHOW SCHEMAS")).await;
    assert!(error.is_none(), "{error:?}");
    let [Item::Schema(columns), Item::Batch(batch), Item::Complete] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(&*columns.fields[0].name, "databaseName");
    assert_eq!(batch.data, encoded(&texts(&[("databaseName", &["default", "s"])])));
}

#[tokio::test]
async fn what_drivers_ask_is_put_together() {
    let rows = |batch: &RecordBatch| Reply::Responses(vec![of_batch(batch)]);
    let tables = RecordBatch::try_from_iter([
        ("namespace", Arc::new(StringArray::from(vec!["default", "default", ""])) as _),
        ("tableName", Arc::new(StringArray::from(vec!["t", "v", "temp"])) as _),
        ("isTemporary", Arc::new(arrow::array::BooleanArray::from(vec![false, false, true])) as _),
    ])
    .unwrap();
    let views = texts(&[("namespace", &["default"]), ("viewName", &["v"])]);
    let remote = Remote::new([rows(&texts(&[("namespace", &["default"])])), rows(&tables), rows(&views)]);
    let session = remote.session().await;
    let work = warehouse("SHOW TABLES IN CATALOG `main` SCHEMA LIKE 'def%' LIKE '%'");
    let (items, error) = remote.run(&session, work).await;
    assert!(error.is_none(), "{error:?}");
    let [Item::Schema(columns), Item::Batch(batch), Item::Complete] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!((columns.fields.len(), batch.rows), (7, 2));
    assert_eq!(
        remote.upstream.statements(),
        [
            "SHOW SCHEMAS IN `main` LIKE 'def*'",
            "SHOW TABLES IN `main`.`default` LIKE '*'",
            "SHOW VIEWS IN `main`.`default` LIKE '*'",
        ]
    );
}

#[tokio::test]
async fn files_go_on_in_chunks() {
    let alone = Alone::new(RemoteSettings::default(), []);
    let session = alone.session(Flavor::Spark).await;
    let folder = TempDir::new().unwrap();
    for (name, size) in [("empty", 0), ("small", 10), ("large", 70_000)] {
        let path = folder.path().join(name);
        std::fs::write(&path, vec![7u8; size]).unwrap();
        session.add_artifact(Artifact { name: format!("files/{name}"), path }).await.unwrap();
    }
    assert!(session.has_artifact("cache/abc").await.unwrap());
    assert!(!session.has_artifact("files/none").await.unwrap());
    let asked = alone.upstream.asked.lock();
    let shapes: Vec<Vec<usize>> = asked.uploads.iter().map(|messages| messages.iter().map(size).collect()).collect();
    assert_eq!(shapes, [vec![0], vec![10], vec![32768, 32768, 4464]]);
    let Some(Payload::BeginChunk(begin)) = &asked.uploads[2][0].payload else { panic!() };
    assert_eq!((begin.name.as_str(), begin.total_bytes, begin.num_chunks), ("files/large", 70_000, 3));
}

fn size(message: &pb::AddArtifactsRequest) -> usize {
    let chunk = match message.payload.as_ref().unwrap() {
        Payload::Batch(batch) => batch.artifacts[0].data.as_ref().unwrap(),
        Payload::BeginChunk(begin) => begin.initial_chunk.as_ref().unwrap(),
        Payload::Chunk(chunk) => chunk,
    };
    assert_eq!(chunk.crc, i64::from(crc32fast::hash(&chunk.data)));
    chunk.data.len()
}

#[tokio::test]
async fn a_copy_is_made_elsewhere_once_there_is_something_to_copy() {
    let alone = Alone::new(RemoteSettings::default(), []);
    let session = alone.session(Flavor::Spark).await;
    session.fork(spec(Flavor::Spark)).await.unwrap();
    assert_eq!(*alone.upstream.calls.borrow(), 0);
    session.analyze(&context(), Question::SparkVersion).await.unwrap();
    let copy = session.fork(spec(Flavor::Spark)).await.unwrap();
    copy.analyze(&context(), Question::SparkVersion).await.unwrap();
    {
        let asked = alone.upstream.asked.lock();
        let new = asked.clones[0].new_session_id.clone().unwrap();
        assert_eq!(asked.clones[0].session_id, asked.questions[0].session_id);
        assert_eq!(asked.questions[1].session_id, new);
        assert_eq!(asked.questions[1].client_observed_server_side_session_id.as_deref(), Some("the copy"));
    }
    let unknown = rpc::Status { code: 12, message: "Method not found".to_owned(), details: Vec::new() };
    *alone.upstream.refuses_clones.lock() = Some(Failure::Status(unknown));
    let error = session.fork(spec(Flavor::Spark)).await.unwrap_err();
    assert_eq!((error.kind(), error.name()), (ErrorKind::Unsupported, "UNSUPPORTED_FEATURE"));
}

#[tokio::test]
async fn a_session_knows_what_changes_it() {
    let alone = Alone::new(RemoteSettings::default(), []);
    let session = alone.session(Flavor::Spark).await;
    let changes = |text: &str| session.changes_session(&Work::Sql(SqlWork::spark(text)));
    for text in ["SET a = 1", "USE s", "DECLARE VARIABLE x INT", "CREATE TEMP FUNCTION f AS 'x'"] {
        assert!(changes(text), "{text}");
    }
    for text in ["SELECT 1", "INSERT INTO t VALUES (1)", "DROP VIEW v", "CREATE VIEW v AS SELECT 1", "no SQL"] {
        assert!(!changes(text), "{text}");
    }
    assert!(changes("CREATE TEMP VIEW V AS SELECT 1"));
    assert!(changes("DROP VIEW v"));
    let plan = crate::sql::plain("CREATE OR REPLACE TEMP VIEW w AS SELECT 1".to_owned());
    assert!(session.changes_session(&Work::Plan(plan)));
    assert!(changes("DROP VIEW w"));
}
