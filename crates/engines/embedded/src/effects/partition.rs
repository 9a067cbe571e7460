//! Partitions: their values in a `PARTITION (…)` clause, and which there are.

use hearth_base::Result;
use hearth_base::condition::{
    NOT_A_PARTITIONED_TABLE, NOT_PARTITIONED_BY_CATALOG, PARTITION_DYNAMIC_FIRST, PARTITION_SCHEMA_IS_EMPTY,
    PARTITION_SPEC_INCOMPLETE, PARTITION_SPEC_MISMATCH, PARTITIONS_ALREADY_EXIST, PARTITIONS_NOT_FOUND,
};
use hearth_base::{Error, condition::EXPECT_TABLE_NOT_VIEW};
use hearth_plan::ExprNode;
use hearth_plan::catalog::{PartitionSpec, RecoverBy, Style};
use hearth_plan::identifier::quote;
use hearth_plan::relation::TableName;
use hearth_types::{DataType, Value};

use super::lookup::{Scope, table_name};
use super::rows::{done, optional, table, text};
use crate::catalog::partitions::{self, Partition, path_of};
use crate::catalog::{TableKind, TableRecord, local_path};
use crate::run::Rows;
use crate::session::EmbeddedSession;

/// A clause with its values: column (as the table writes it) and text, `None` for NULL.
pub type Values = Vec<(String, Option<String>)>;

/// `SHOW PARTITIONS`, `spark.catalog.listPartitions`
pub async fn list(session: &EmbeddedSession, name: &TableName, spec: &PartitionSpec, style: Style) -> Result<Rows> {
    let operation = match style {
        Style::Api => "Catalog.listPartitions",
        Style::Sql => "SHOW PARTITIONS",
    };
    let record = get(session, name, operation).await?;
    if record.partition_columns.is_empty() {
        return Err(PARTITION_SCHEMA_IS_EMPTY.with("name", record.id.quoted()));
    }
    let wanted = values(session, &record, spec).await?;
    let found = matching(&record, &wanted)?;
    let rows = found.iter().map(|partition| vec![partition.path(&record.partition_columns).into()]).collect();
    match style {
        Style::Api => table(&[optional("partition")], rows),
        Style::Sql => table(&[text("partition")], rows),
    }
}

async fn get(session: &EmbeddedSession, name: &TableName, operation: &str) -> Result<std::sync::Arc<TableRecord>> {
    let name = table_name(session, name).await?;
    let not_view = |view: String| EXPECT_TABLE_NOT_VIEW.with("viewName", view).with("operation", operation);
    Scope::new(session).get_table(&name, not_view)
}

/// `MSCK REPAIR TABLE`, `recoverPartitions`: partitions are folders, so there is nothing to recover.
pub async fn recover(session: &EmbeddedSession, name: &TableName, by: RecoverBy) -> Result<Rows> {
    let (of_view, of_table) = match by {
        RecoverBy::Call => ("recoverPartitions()", "ALTER TABLE RECOVER PARTITIONS"),
        RecoverBy::Alter => ("ALTER TABLE ... RECOVER PARTITIONS", "ALTER TABLE RECOVER PARTITIONS"),
        RecoverBy::Repair => ("MSCK REPAIR TABLE", "MSCK REPAIR TABLE"),
    };
    let record = get(session, name, of_view).await?;
    if record.partition_columns.is_empty() {
        return Err(NOT_A_PARTITIONED_TABLE.with("operation", of_table).with("tableIdentWithDB", record.id.quoted()));
    }
    done()
}

/// The values of a clause in the order of the table's columns. Columns without a value are left out.
pub async fn values(session: &EmbeddedSession, record: &TableRecord, spec: &PartitionSpec) -> Result<Values> {
    let mut found = Values::new();
    for column in &record.partition_columns {
        let Some((_, Some(expr))) = spec.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)) else { continue };
        found.push((column.clone(), value_text(session, record, column, expr).await?));
    }
    check_columns(record, spec.iter().map(|(name, _)| name))?;
    Ok(found)
}

/// The text of a value as its column writes it: `01` for an INT is `1`.
async fn value_text(
    session: &EmbeddedSession,
    record: &TableRecord,
    column: &str,
    expr: &hearth_plan::Expr,
) -> Result<Option<String>> {
    if let ExprNode::Literal(Value::Null(_)) = expr.node {
        return Ok(None);
    }
    let field = record.schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(column));
    let data_type = field.map_or(DataType::STRING, |field| field.data_type.clone());
    let cast = hearth_plan::Expr::new(ExprNode::Cast {
        expr: Box::new(expr.clone()),
        to: hearth_plan::expression::TypeRef::Known(data_type),
        mode: hearth_plan::expression::CastMode::Session,
    });
    let text = hearth_plan::Expr::new(ExprNode::Cast {
        expr: Box::new(cast),
        to: hearth_plan::expression::TypeRef::Known(DataType::STRING),
        mode: hearth_plan::expression::CastMode::Session,
    });
    match super::insert::evaluate(session, text).await? {
        Value::String(text) => Ok(Some(text.to_string()).filter(|text| !text.is_empty())),
        _ => Ok(None),
    }
}

/// Refuses columns that are not the table's partition columns.
pub fn check_columns<'a>(record: &TableRecord, mut names: impl Iterator<Item = &'a String>) -> Result<()> {
    let is_partition = |name: &str| record.partition_columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    match names.find(|name| !is_partition(name)) {
        Some(name) => Err(PARTITIONS_NOT_FOUND
            .with("partitionList", quote(std::slice::from_ref(name)))
            .with("tableName", record.id.quoted())),
        None => Ok(()),
    }
}

/// What Spark asks of the clause of an `INSERT`: all partition columns, those with a value first.
pub fn check_spec(record: &TableRecord, spec: &PartitionSpec) -> Result<()> {
    if spec.is_empty() {
        return Ok(());
    }
    let columns = &record.partition_columns;
    if spec.len() < columns.len() {
        let names: Vec<&str> = spec.iter().map(|(name, _)| name.as_str()).collect();
        return Err(PARTITION_SPEC_INCOMPLETE
            .with("normalizedPartSpec", names.join(","))
            .with("partColNames", columns.join(","))
            .with("tableName", record.id.quoted()));
    }
    let has_value =
        |column: &&String| spec.iter().any(|(name, value)| name.eq_ignore_ascii_case(column) && value.is_some());
    if columns.iter().skip_while(has_value).any(|column| has_value(&column)) {
        return Err(PARTITION_DYNAMIC_FIRST.with("partColumns", format!("[{}]", columns.join(","))));
    }
    Ok(())
}

/// The partitions with these values.
pub fn matching(record: &TableRecord, wanted: &Values) -> Result<Vec<Partition>> {
    let folder = super::table::folder_of(record)?;
    let mut found = partitions::list(&folder, &record.partition_columns)?;
    found.retain(|partition| {
        let pairs = record.partition_columns.iter().zip(&partition.values);
        pairs.clone().all(|(column, value)| {
            wanted.iter().find(|(name, _)| name == column).is_none_or(|(_, wanted)| wanted == value)
        })
    });
    Ok(found)
}

/// The one partition that a complete clause names.
pub fn exactly(record: &TableRecord, wanted: &Values) -> Result<Partition> {
    check_complete(record, wanted)?;
    matching(record, wanted)?.into_iter().next().ok_or_else(|| not_found(record, wanted))
}

fn check_complete(record: &TableRecord, wanted: &Values) -> Result<()> {
    if wanted.len() == record.partition_columns.len() {
        return Ok(());
    }
    let names: Vec<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
    Err(PARTITION_SPEC_MISMATCH
        .with("specKeys", names.join(", "))
        .with("partitionColumnNames", record.partition_columns.join(", "))
        .with("tableName", record.id.quoted()))
}

/// ``PARTITION (`p` = 7, `q` = z)``
fn clause(wanted: &Values) -> String {
    let part = |(name, value): &(String, Option<String>)| {
        format!("{} = {}", quote(std::slice::from_ref(name)), value.as_deref().unwrap_or("null"))
    };
    format!("PARTITION ({})", wanted.iter().map(part).collect::<Vec<_>>().join(", "))
}

fn not_found(record: &TableRecord, wanted: &Values) -> Error {
    PARTITIONS_NOT_FOUND.with("partitionList", clause(wanted)).with("tableName", record.id.quoted_short())
}

/// `ALTER TABLE … ADD PARTITION`
pub async fn add(
    session: &EmbeddedSession,
    record: &TableRecord,
    specs: &[(PartitionSpec, Option<String>)],
    if_not_exists: bool,
) -> Result<()> {
    if record.partition_columns.is_empty() {
        return Err(NOT_PARTITIONED_BY_CATALOG
            .with("action", "ALTER TABLE ADD PARTITION")
            .with("tableName", &record.id.name));
    }
    let mut folders = Vec::new();
    for (spec, location) in specs {
        let wanted = values(session, record, spec).await?;
        check_complete(record, &wanted)?;
        if !matching(record, &wanted)?.is_empty() {
            if if_not_exists {
                continue;
            }
            return Err(PARTITIONS_ALREADY_EXIST
                .with("partitionList", clause(&wanted))
                .with("tableName", record.id.quoted_short()));
        }
        let place = location.as_deref().map(|location| place_of(session, location)).transpose()?;
        folders.push((folder_of(record, &wanted)?, place));
    }
    for (folder, place) in folders {
        match place.filter(|place| *place != folder) {
            Some(place) => link(&folder, &place)?,
            None => std::fs::create_dir_all(folder).map_err(super::table::failed)?,
        }
    }
    Ok(())
}

fn place_of(session: &EmbeddedSession, location: &str) -> Result<std::path::PathBuf> {
    let location = super::path::absolute(location, session)?;
    local_path(&location).ok_or_else(|| Error::unsupported(format!("a partition at {location}")))
}

/// Makes `folder` stand for a place elsewhere, which is made if it is not there.
fn link(folder: &std::path::Path, place: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(place).map_err(super::table::failed)?;
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).map_err(super::table::failed)?;
    }
    std::os::unix::fs::symlink(place, folder).map_err(super::table::failed)
}

/// `ALTER TABLE … PARTITION (…) SET LOCATION`. Files in the table's own folder would be found again at once, so only a
/// partition without any, or at a place of its own, moves.
pub async fn set_location(
    session: &EmbeddedSession,
    record: &TableRecord,
    spec: &PartitionSpec,
    location: &str,
) -> Result<()> {
    let wanted = values(session, record, spec).await?;
    let found = exactly(record, &wanted)?;
    let place = place_of(session, location)?;
    // Made before the old link goes: a place that cannot be made leaves the partition where it is.
    std::fs::create_dir_all(&place).map_err(super::table::failed)?;
    if found.folder.is_symlink() {
        std::fs::remove_file(&found.folder).map_err(super::table::failed)?;
    } else if std::fs::remove_dir(&found.folder).is_err() {
        return Err(Error::unsupported("ALTER TABLE … PARTITION … SET LOCATION of a partition with files"));
    }
    link(&found.folder, &place)
}

fn folder_of(record: &TableRecord, wanted: &Values) -> Result<std::path::PathBuf> {
    let values: Vec<Option<String>> = wanted.iter().map(|(_, value)| value.clone()).collect();
    Ok(super::table::folder_of(record)?.join(path_of(&record.partition_columns, &values)))
}

/// `ALTER TABLE … DROP PARTITION`. Of an external table only the catalog would forget the partition, and the catalog
/// knows nothing but the folders; so that is refused.
pub async fn drop(
    session: &EmbeddedSession,
    record: &TableRecord,
    specs: &[PartitionSpec],
    if_exists: bool,
) -> Result<()> {
    let mut folders = Vec::new();
    for spec in specs {
        let wanted = values(session, record, spec).await?;
        let found = matching(record, &wanted)?;
        if found.is_empty() && !if_exists {
            return Err(not_found(record, &wanted));
        }
        folders.extend(found.into_iter().map(|partition| partition.folder));
    }
    // Of a partition elsewhere only the link goes.
    let (links, folders): (Vec<_>, Vec<_>) = folders.into_iter().partition(|folder| folder.is_symlink());
    links.iter().try_for_each(std::fs::remove_file).map_err(super::table::failed)?;
    if record.kind == TableKind::External && !folders.is_empty() {
        return Err(Error::unsupported("ALTER TABLE … DROP PARTITION of an external table"));
    }
    folders.iter().try_for_each(|folder| session.shared.catalog.remove_folder(folder))
}

/// `ALTER TABLE … PARTITION (…) RENAME TO PARTITION (…)`
pub async fn rename(
    session: &EmbeddedSession,
    record: &TableRecord,
    from: &PartitionSpec,
    to: &PartitionSpec,
) -> Result<()> {
    let from = exactly(record, &values(session, record, from).await?)?;
    let wanted = values(session, record, to).await?;
    check_complete(record, &wanted)?;
    if !matching(record, &wanted)?.is_empty() {
        return Err(PARTITIONS_ALREADY_EXIST
            .with("partitionList", clause(&wanted))
            .with("tableName", record.id.quoted_short()));
    }
    let target = folder_of(record, &wanted)?;
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(super::table::failed)?;
    }
    std::fs::rename(&from.folder, target).map_err(super::table::failed)
}
