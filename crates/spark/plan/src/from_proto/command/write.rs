//! `df.write` and `df.writeTo`.

use hearth_base::Result;
use hearth_proto::connect as pb;
use hearth_proto::connect::write_operation::save_table::TableSaveMethod;
use hearth_proto::connect::write_operation::{SaveMode as WireMode, SaveTable, SaveType};
use hearth_proto::connect::write_operation_v2::Mode as WireModeV2;

use super::boxed;
use crate::Command;
use crate::command::{SaveMode, Write, WriteTarget, WriteV2, WriteV2Mode};
use crate::from_proto::expression::{expression, expressions};
use crate::from_proto::{invalid, known, options};
use crate::identifier::parse_multipart_identifier;

pub(super) fn write(operation: pb::WriteOperation) -> Result<Command> {
    let target = match operation.save_type {
        None => WriteTarget::Nothing,
        Some(SaveType::Path(path)) => WriteTarget::Path(path),
        Some(SaveType::Table(table)) => table_target(&table)?,
    };
    Ok(Command::Write(Box::new(Write {
        input: boxed(operation.input)?,
        format: operation.source,
        target,
        mode: save_mode(operation.mode)?,
        sort_columns: operation.sort_column_names,
        partition_columns: operation.partitioning_columns,
        bucket: operation.bucket_by.map(|bucket| (bucket.bucket_column_names, bucket.num_buckets)),
        cluster_columns: operation.clustering_columns,
        options: options(operation.options),
        schema_evolution: operation.with_schema_evolution,
    })))
}

fn table_target(table: &SaveTable) -> Result<WriteTarget> {
    const SAVE_METHOD: &str = "spark.connect.WriteOperation.SaveTable.TableSaveMethod";
    let name = parse_multipart_identifier(&table.table_name)?;
    match known(table.save_method, SAVE_METHOD)? {
        TableSaveMethod::SaveAsTable => Ok(WriteTarget::SaveAsTable(name)),
        TableSaveMethod::InsertInto => Ok(WriteTarget::InsertInto(name)),
        unspecified @ TableSaveMethod::Unspecified => {
            Err(invalid::enum_value(SAVE_METHOD, unspecified.as_str_name(), table.save_method))
        }
    }
}

fn save_mode(number: i32) -> Result<SaveMode> {
    Ok(match known(number, "spark.connect.WriteOperation.SaveMode")? {
        WireMode::Unspecified => SaveMode::Unspecified,
        WireMode::Append => SaveMode::Append,
        WireMode::Overwrite => SaveMode::Overwrite,
        WireMode::ErrorIfExists => SaveMode::ErrorIfExists,
        WireMode::Ignore => SaveMode::Ignore,
    })
}

pub(super) fn write_v2(operation: pb::WriteOperationV2) -> Result<Command> {
    const MODE: &str = "spark.connect.WriteOperationV2.Mode";
    let mode = match known(operation.mode, MODE)? {
        WireModeV2::Create => WriteV2Mode::Create,
        WireModeV2::Overwrite => WriteV2Mode::Overwrite(operation.overwrite_condition.map(expression).transpose()?),
        WireModeV2::OverwritePartitions => WriteV2Mode::OverwritePartitions,
        WireModeV2::Append => WriteV2Mode::Append,
        WireModeV2::Replace => WriteV2Mode::Replace,
        WireModeV2::CreateOrReplace => WriteV2Mode::CreateOrReplace,
        unspecified @ WireModeV2::Unspecified => {
            return Err(invalid::enum_value(MODE, unspecified.as_str_name(), operation.mode));
        }
    };
    Ok(Command::WriteV2(Box::new(WriteV2 {
        input: boxed(operation.input)?,
        table: parse_multipart_identifier(&operation.table_name)?,
        provider: operation.provider,
        partitioning: expressions(operation.partitioning_columns)?,
        options: options(operation.options),
        properties: options(operation.table_properties),
        mode,
        cluster_columns: operation.clustering_columns,
        schema_evolution: operation.with_schema_evolution,
    })))
}
