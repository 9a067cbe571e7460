//! Answers about a plan that is not run: `AnalyzePlan`.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use datafusion::logical_expr::LogicalPlan;
use hearth_base::Result;
use hearth_core::engine::{Answer, ExplainMode, Question, StorageLevel};
use hearth_plan::{Plan, Relation, RelationNode, from_proto};
use hearth_types::ddl::{parse_data_type, parse_table_schema};
use hearth_types::{DataType, StructType};

use crate::cached::Persisted;
use crate::meaning::normalized;
use crate::session::EmbeddedSession;
use crate::{explain, resolve, run};

/// `StorageLevel.NONE`
const NOT_STORED: StorageLevel =
    StorageLevel { use_disk: false, use_memory: false, use_off_heap: false, deserialized: false, replication: 1 };
/// `StorageLevel.MEMORY_AND_DISK_DESER`, what `persist()` without a level means.
pub const DEFAULT_LEVEL: StorageLevel =
    StorageLevel { use_disk: true, use_memory: true, use_off_heap: false, deserialized: true, replication: 1 };

/// One question, one answer.
pub async fn answer(session: &EmbeddedSession, question: Question) -> Result<Answer> {
    match question {
        Question::Schema { plan } => Ok(Answer::Schema(DataType::Struct(schema(session, plan).await?))),
        Question::Explain { plan, mode } => explain_plan(session, plan, mode).await,
        Question::TreeString { plan, level } => tree_string(session, plan, level).await,
        Question::IsLocal { plan } => Ok(Answer::Flag(is_local(&relation(plan)?))),
        Question::IsStreaming { plan } => is_streaming(session, plan).await,
        Question::InputFiles { plan } => input_files(session, plan).await,
        Question::SparkVersion => Ok(Answer::Text(crate::SPARK_VERSION.to_owned())),
        Question::DdlParse { text } => Ok(Answer::Schema(parse_ddl(&text)?)),
        Question::JsonToDdl { text } => json_to_ddl(&text),
        Question::SameSemantics { left, right } => same_semantics(session, left, right).await,
        Question::SemanticHash { plan } => semantic_hash(session, plan).await,
        Question::Persist { relation, level } => persist(session, relation, level).await,
        Question::Unpersist { relation, blocking: _ } => unpersist(session, relation).await,
        Question::GetStorageLevel { relation } => storage_level(session, relation).await,
    }
}

/// The relation of a plan. A command is asked about through the relation that it gives.
fn relation(plan: Bytes) -> Result<Relation> {
    match from_proto::decode_plan(plan)? {
        Plan::Relation(relation) => Ok(relation),
        Plan::Command(command) => Ok(Relation::new(RelationNode::Command(Box::new(command)))),
    }
}

async fn schema(session: &EmbeddedSession, plan: Bytes) -> Result<StructType> {
    run::schema(session, &relation(plan)?).await
}

async fn explain_plan(session: &EmbeddedSession, plan: Bytes, mode: ExplainMode) -> Result<Answer> {
    explain::relation(session, &relation(plan)?, mode).await.map(Answer::Text)
}

async fn tree_string(session: &EmbeddedSession, plan: Bytes, level: Option<i32>) -> Result<Answer> {
    Ok(Answer::Text(schema(session, plan).await?.tree_string(level.unwrap_or(i32::MAX))))
}

/// Whether the rows came with the plan.
fn is_local(relation: &Relation) -> bool {
    matches!(relation.node, RelationNode::LocalRelation { .. } | RelationNode::Command(_) | RelationNode::Catalog(_))
}

/// Streaming is not built, so a plan that analyses is a batch.
async fn is_streaming(session: &EmbeddedSession, plan: Bytes) -> Result<Answer> {
    schema(session, plan).await?;
    Ok(Answer::Flag(false))
}

async fn input_files(session: &EmbeddedSession, plan: Bytes) -> Result<Answer> {
    let analyzed = run::analyze(session, &relation(plan)?).await?;
    crate::sources::input_files(&analyzed.plan).map(Answer::Files)
}

/// A struct's columns or any type, as `DataType.fromDDL` reads them.
fn parse_ddl(text: &str) -> Result<DataType> {
    match parse_table_schema(text) {
        Ok(schema) => Ok(DataType::Struct(schema)),
        // `a: int` is how a struct writes its fields; nothing at all is a struct without any.
        Err(first) => {
            parse_data_type(text).or_else(|_| parse_data_type(&format!("struct<{}>", text.trim()))).map_err(|_| first)
        }
    }
}

fn json_to_ddl(text: &str) -> Result<Answer> {
    let ddl = match DataType::from_json(text)? {
        DataType::Struct(schema) => schema.to_ddl(),
        other => other.sql(),
    };
    Ok(Answer::Text(ddl))
}

/// Two relations mean the same when their analysed plans are the same: ids are given in order, and names are not part
/// of a plan.
async fn same_semantics(session: &EmbeddedSession, left: Bytes, right: Bytes) -> Result<Answer> {
    let left = normalized(canonical(session, &relation(left)?).await?);
    let right = normalized(canonical(session, &relation(right)?).await?);
    Ok(Answer::Flag(left == right))
}

async fn semantic_hash(session: &EmbeddedSession, plan: Bytes) -> Result<Answer> {
    let mut hasher = DefaultHasher::new();
    normalized(canonical(session, &relation(plan)?).await?).hash(&mut hasher);
    let hash = hasher.finish();
    let folded = u32::try_from((hash >> 32) ^ (hash & u64::from(u32::MAX))).unwrap_or_default();
    Ok(Answer::Hash(folded.cast_signed()))
}

/// The plan that relations are compared by. One whose analysis needs data is never equal to another.
pub async fn canonical(session: &EmbeddedSession, relation: &Relation) -> Result<LogicalPlan> {
    let view = resolve::view(session, relation).await?;
    match hearth_analyzer::canonical(relation, &view) {
        Ok(plan) => Ok(plan),
        Err(_) => Ok(run::analyze(session, relation).await?.plan),
    }
}

async fn persist(session: &EmbeddedSession, bytes: Bytes, level: Option<StorageLevel>) -> Result<Answer> {
    keep(session, &from_proto::decode_relation(bytes)?, level.unwrap_or(DEFAULT_LEVEL)).await?;
    Ok(Answer::Done)
}

/// Keeps a relation's rows from their next use on. One that is kept already stays as it is.
pub async fn keep(session: &EmbeddedSession, relation: &Relation, level: StorageLevel) -> Result<()> {
    let plan = canonical(session, relation).await?;
    let mut state = session.state.write();
    if !state.persisted.iter().any(|known| known.plan == plan) {
        state.persisted.push(Persisted::new(plan, level, &session.shared.cache_room));
    }
    Ok(())
}

async fn unpersist(session: &EmbeddedSession, bytes: Bytes) -> Result<Answer> {
    forget(session, &from_proto::decode_relation(bytes)?).await?;
    Ok(Answer::Done)
}

pub async fn forget(session: &EmbeddedSession, relation: &Relation) -> Result<()> {
    let plan = canonical(session, relation).await?;
    session.state.write().persisted.retain(|known| known.plan != plan);
    Ok(())
}

async fn storage_level(session: &EmbeddedSession, bytes: Bytes) -> Result<Answer> {
    let level = kept_level(session, &from_proto::decode_relation(bytes)?).await?;
    Ok(Answer::StorageLevel(level.unwrap_or(NOT_STORED)))
}

/// How a relation is kept, if it is.
pub async fn kept_level(session: &EmbeddedSession, relation: &Relation) -> Result<Option<StorageLevel>> {
    let plan = canonical(session, relation).await?;
    let state = session.state.read();
    Ok(state.persisted.iter().find(|known| known.plan == plan).map(|known| known.level))
}
