//! Commands from the wire: the dispatch and the arms of one line. Writes are in `command/write.rs`.

mod write;

use hearth_base::Result;
use hearth_base::condition::{INVALID_SQL_WITH_REFERENCES, INVALID_VIEW_NAME, SQL_COMMAND_EXPECTS_SQL};
use hearth_proto::connect as pb;
use hearth_proto::connect::command::CommandType;
use hearth_proto::connect::ml_command::Command as MlCommand;
use hearth_proto::connect::pipeline_command::CommandType as PipelineCommand;
use hearth_proto::connect::relation::RelType;

use super::expression::{inline_udf, merge_actions, required, udtf};
use super::relation::{relation, sql_text};
use super::{invalid, options};
use crate::command::{CreateView, MergeInto, StorageLevel, ViewKind};
use crate::identifier::parse_multipart_identifier;
use crate::relation::{MergeActions, SqlText, TableName};
use crate::{Command, Relation, RelationNode};

/// A command of a plan.
pub(super) fn command(proto: pb::Command) -> Result<Command> {
    match proto.command_type.ok_or_else(|| invalid::not_set("spark.connect.Command", "command_type"))? {
        CommandType::RegisterFunction(function) => Ok(Command::RegisterFunction(Box::new(inline_udf(function)?))),
        CommandType::WriteOperation(operation) => write::write(operation),
        CommandType::CreateDataframeView(view) => create_view(view),
        CommandType::WriteOperationV2(operation) => write::write_v2(operation),
        CommandType::SqlCommand(command) => sql_command(command),
        CommandType::WriteStreamOperationStart(_) => Ok(Command::WriteStreamStart),
        CommandType::StreamingQueryCommand(_) => Ok(Command::StreamingQuery),
        CommandType::GetResourcesCommand(_) => Ok(Command::GetResources),
        CommandType::StreamingQueryManagerCommand(_) => Ok(Command::StreamingQueryManager),
        CommandType::RegisterTableFunction(function) => register_table_function(function),
        CommandType::StreamingQueryListenerBusCommand(_) => Ok(Command::StreamingQueryListenerBus),
        CommandType::RegisterDataSource(source) => Ok(Command::RegisterDataSource { name: source.name }),
        CommandType::CreateResourceProfileCommand(_) => Ok(Command::CreateResourceProfile),
        CommandType::CheckpointCommand(checkpoint) => checkpoint_command(checkpoint),
        CommandType::RemoveCachedRemoteRelationCommand(remove) => remove_cached(remove),
        CommandType::MergeIntoTableCommand(merge) => merge_into(merge),
        CommandType::MlCommand(ml) => Ok(Command::Ml { what: ml_name(&ml)?.to_owned() }),
        CommandType::ExecuteExternalCommand(external) => Ok(execute_external(external)),
        CommandType::PipelineCommand(pipeline) => Ok(Command::Pipeline { what: pipeline_name(&pipeline)?.to_owned() }),
        CommandType::Extension(any) => Ok(Command::Extension { type_url: any.type_url }),
    }
}

fn boxed(proto: Option<pb::Relation>) -> Result<Box<Relation>> {
    Ok(Box::new(relation(proto.unwrap_or_default())?))
}

/// A view's name is SQL; the name of a temporary one has one part, which is checked when the view is made.
fn create_view(view: pb::CreateDataFrameViewCommand) -> Result<Command> {
    Ok(Command::CreateView(Box::new(CreateView {
        name: TableName::from(
            parse_multipart_identifier(&view.name).map_err(|_| INVALID_VIEW_NAME.with("viewName", &view.name))?,
        ),
        kind: if view.is_global { ViewKind::GlobalTemp } else { ViewKind::Temp },
        query: relation(view.input.unwrap_or_default())?,
        text: None,
        columns: Vec::new(),
        comment: None,
        properties: Vec::new(),
        if_not_exists: false,
        or_replace: view.replace,
        schema_mode: None,
    })))
}

/// Clients from 4.0 on send a relation; older ones the text and its parameters.
fn sql_command(command: pb::SqlCommand) -> Result<Command> {
    let Some(input) = command.input else {
        let text = sql_text(pb::Sql {
            query: command.sql,
            args: command.args,
            pos_args: command.pos_args,
            named_arguments: command.named_arguments,
            pos_arguments: command.pos_arguments,
        })?;
        return Ok(Command::Sql { text, input: None });
    };
    match input.rel_type {
        Some(RelType::Sql(sql)) => Ok(Command::Sql { text: sql_text(sql)?, input: None }),
        Some(RelType::WithRelations(_)) => {
            let input = relation(input)?;
            Ok(Command::Sql { text: text_with_references(&input)?, input: Some(Box::new(input)) })
        }
        Some(_) => Err(SQL_COMMAND_EXPECTS_SQL.with("other", "another relation")),
        None => Err(SQL_COMMAND_EXPECTS_SQL.with("other", "RELTYPE_NOT_SET")),
    }
}

/// The text is the root, and what it refers to has names.
fn text_with_references(input: &Relation) -> Result<SqlText> {
    let RelationNode::WithRelations { root, references } = &input.node else {
        return Err(INVALID_SQL_WITH_REFERENCES.with("query", "another relation"));
    };
    let named = references.iter().all(|reference| matches!(reference.node, RelationNode::SubqueryAlias { .. }));
    match &root.node {
        RelationNode::Sql(text) if named => Ok(text.clone()),
        RelationNode::Sql(text) => Err(INVALID_SQL_WITH_REFERENCES.with("query", &text.query)),
        _ => Err(INVALID_SQL_WITH_REFERENCES.with("query", "a root that is not SQL")),
    }
}

fn register_table_function(function: pb::CommonInlineUserDefinedTableFunction) -> Result<Command> {
    Ok(Command::RegisterTableFunction {
        name: function.function_name,
        deterministic: function.deterministic,
        function: udtf(function.function)?,
    })
}

fn checkpoint_command(checkpoint: pb::CheckpointCommand) -> Result<Command> {
    Ok(Command::Checkpoint {
        relation: boxed(checkpoint.relation)?,
        local: checkpoint.local,
        eager: checkpoint.eager,
        storage: checkpoint.storage_level.map(|level| storage_level(&level)),
    })
}

/// Where cached rows are to be kept.
pub(super) fn storage_level(level: &pb::StorageLevel) -> StorageLevel {
    StorageLevel {
        use_disk: level.use_disk,
        use_memory: level.use_memory,
        use_off_heap: level.use_off_heap,
        deserialized: level.deserialized,
        replication: level.replication,
    }
}

fn remove_cached(remove: pb::RemoveCachedRemoteRelationCommand) -> Result<Command> {
    let relation_id = remove.relation.unwrap_or_default().relation_id;
    Ok(Command::RemoveCachedRemoteRelation { relation_id })
}

fn merge_into(merge: pb::MergeIntoTableCommand) -> Result<Command> {
    Ok(Command::MergeInto(Box::new(MergeInto {
        target: TableName::from(parse_multipart_identifier(&merge.target_table_name)?),
        target_alias: None,
        source: boxed(merge.source_table_plan)?,
        condition: required(merge.merge_condition)?,
        actions: MergeActions {
            matched: merge_actions(merge.match_actions)?,
            not_matched: merge_actions(merge.not_matched_actions)?,
            not_matched_by_source: merge_actions(merge.not_matched_by_source_actions)?,
        },
        schema_evolution: merge.with_schema_evolution,
    })))
}

fn execute_external(external: pb::ExecuteExternalCommand) -> Command {
    Command::ExecuteExternal { runner: external.runner, command: external.command, options: options(external.options) }
}

fn ml_name(ml: &pb::MlCommand) -> Result<&'static str> {
    let command = ml.command.as_ref().ok_or_else(|| invalid::not_set("spark.connect.MlCommand", "command"))?;
    Ok(match command {
        MlCommand::Fit(_) => "fit",
        MlCommand::Fetch(_) => "fetch",
        MlCommand::Delete(_) => "delete",
        MlCommand::Write(_) => "write",
        MlCommand::Read(_) => "read",
        MlCommand::Evaluate(_) => "evaluate",
        MlCommand::CleanCache(_) => "clean cache",
        MlCommand::GetCacheInfo(_) => "get cache info",
        MlCommand::CreateSummary(_) => "create summary",
        MlCommand::GetModelSize(_) => "get model size",
    })
}

fn pipeline_name(pipeline: &pb::PipelineCommand) -> Result<&'static str> {
    const PIPELINE: &str = "spark.connect.PipelineCommand";
    let command = pipeline.command_type.as_ref().ok_or_else(|| invalid::not_set(PIPELINE, "command_type"))?;
    Ok(match command {
        PipelineCommand::CreateDataflowGraph(_) => "create dataflow graph",
        PipelineCommand::DefineOutput(_) => "define output",
        PipelineCommand::DefineFlow(_) => "define flow",
        PipelineCommand::DropDataflowGraph(_) => "drop dataflow graph",
        PipelineCommand::StartRun(_) => "start run",
        PipelineCommand::DefineSqlGraphElements(_) => "define SQL graph elements",
        PipelineCommand::GetQueryFunctionExecutionSignalStream(_) => "get query function execution signal stream",
        PipelineCommand::DefineFlowQueryFunctionResult(_) => "define flow query function result",
        PipelineCommand::ExecuteOutputFlows(_) => "execute output flows",
        PipelineCommand::Extension(_) => "extension",
    })
}
