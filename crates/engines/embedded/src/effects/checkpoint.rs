//! Checkpoints: the rows of a relation as they are now, kept for the session.
//!
//! Few rows stay in memory as a local relation; more of them go to parquet files in the session's folder, which goes
//! with the session. Lazy checkpoints are made at once too.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::ipc::writer::StreamWriter;
use hearth_base::{Error, Result};
use hearth_core::engine::SessionSpec;
use hearth_plan::relation::DataSource;
use hearth_plan::{Relation, RelationNode};
use hearth_proto::connect as pb;
use hearth_types::StructType;
use hearth_types::arrow::{cast_batch_to_wire, to_wire_schema};
use uuid::Uuid;

use super::write::{FileWrite, files};
use crate::execute::Query;
use crate::run;
use crate::session::EmbeddedSession;
use crate::sinks::WriteMode;

/// Rows up to this size stay in memory.
const MEMORY_BYTES: usize = 4 << 20;

pub async fn checkpoint(session: &EmbeddedSession, relation: &Relation) -> Result<pb::CheckpointCommandResult> {
    let analyzed = run::analyze(session, relation).await?;
    let id = Uuid::new_v4().to_string();
    let query = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?;
    let kept = match small(&query).await? {
        Some(batches) => RelationNode::LocalRelation {
            data: Some(ipc(&analyzed.schema, &batches, "UTC")?.into()),
            schema: Some(analyzed.schema.json()),
        },
        None => {
            let folder = folder(&session.spec, &id);
            let write = FileWrite {
                format: "parquet",
                path: &folder,
                partition_columns: &[],
                mode: WriteMode::ErrorIfExists,
                options: &[],
                static_partition: &[],
            };
            files(session, &analyzed, write).await?;
            RelationNode::DataSource(DataSource {
                format: Some("parquet".to_owned()),
                schema: Some(analyzed.schema.json()),
                options: Vec::new(),
                paths: vec![folder.display().to_string()],
                predicates: Vec::new(),
                is_streaming: false,
            })
        }
    };
    session.state.write().remote.insert(id.clone(), Arc::new(Relation::new(kept)));
    Ok(pb::CheckpointCommandResult { relation: Some(pb::CachedRemoteRelation { relation_id: id }) })
}

fn folder(spec: &SessionSpec, id: &str) -> std::path::PathBuf {
    spec.folder.join("checkpoints").join(id)
}

/// All rows, or `None` when they are too many to stay in memory.
async fn small(query: &Query) -> Result<Option<Vec<RecordBatch>>> {
    let mut rows = query.rows()?;
    let (mut batches, mut bytes) = (Vec::new(), 0usize);
    while let Some(batch) = rows.next().await? {
        bytes = bytes.saturating_add(batch.get_array_memory_size());
        if bytes > MEMORY_BYTES {
            return Ok(None);
        }
        batches.push(batch);
    }
    Ok(Some(batches))
}

/// Rows as an Arrow IPC stream in the form that clients get.
pub fn ipc(schema: &StructType, batches: &[RecordBatch], time_zone: &str) -> Result<Vec<u8>> {
    let broken = |error| Error::internal("rows do not encode as Arrow IPC").caused_by(error);
    let mut buffer = Vec::new();
    let mut writer = StreamWriter::try_new(&mut buffer, &to_wire_schema(schema, time_zone)).map_err(broken)?;
    for batch in batches {
        writer.write(&cast_batch_to_wire(batch, schema, time_zone)?).map_err(broken)?;
    }
    writer.finish().map_err(broken)?;
    drop(writer);
    Ok(buffer)
}

pub async fn remove(session: &EmbeddedSession, relation_id: &str) {
    // The id comes from the client, so only one that is known reaches a path.
    if session.state.write().remote.remove(relation_id).is_some() {
        let _ = tokio::fs::remove_dir_all(folder(&session.spec, relation_id)).await;
    }
}
