//! `ALTER TABLE`, `ALTER VIEW`, `COMMENT ON`.

use hearth_base::condition::{
    COLUMN_ALREADY_EXISTS, EXPECT_TABLE_NOT_VIEW, EXPECT_TABLE_USE_ALTER_VIEW, EXPECT_VIEW_NOT_TABLE,
    EXPECT_VIEW_USE_ALTER_TABLE, FIELD_NOT_FOUND, NO_SERDE_OF_FILES, NO_SERDE_OF_PARTITION,
    NOT_SUPPORTED_CHANGE_COLUMN, TABLE_OPERATION, UNRESOLVED_COLUMN_WITH_SUGGESTION,
};
use hearth_base::{Error, Result};
use hearth_plan::catalog::{ColumnChange, ColumnDef, CommentTarget, TableChange};
use hearth_plan::identifier::quote;
use hearth_plan::relation::TableName;
use hearth_plan::{Name, Options};
use hearth_types::metadata::COMMENT;
use hearth_types::{StructField, StructType};

use super::lookup::{Found, Scope, table_name};
use super::rows::done;
use super::{columns, database, delta, options, partition, path, view};
use crate::catalog::{DELTA, TableRecord};
use crate::run::Rows;
use crate::session::EmbeddedSession;

pub async fn alter(session: &EmbeddedSession, name: &TableName, is_view: bool, change: &TableChange) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let scope = Scope::new(session);
    if let Some(Found::Temporary(temporary)) = scope.temporary(&name) {
        if !is_view {
            return Err(not_for_views(&quote(&[temporary.name]), change));
        }
        return view::alter_temporary(session, &temporary, change).await;
    }
    let record = match scope.get(&name)? {
        Found::Table(record) => record,
        Found::Temporary(_) | Found::GlobalTemporary(_) => {
            return Err(Error::unsupported("ALTER VIEW of a global temporary view"));
        }
    };
    let of_view = match change {
        TableChange::ViewQuery { .. } => Some("ALTER VIEW ... AS"),
        TableChange::SchemaBinding(_) => Some("ALTER VIEW ... WITH SCHEMA ..."),
        _ => None,
    };
    if let Some(operation) = of_view.filter(|_| is_view && !record.is_view()) {
        return Err(EXPECT_VIEW_NOT_TABLE.with("tableName", record.id.quoted()).with("operation", operation));
    }
    if record.is_view() && !is_view {
        return Err(not_for_views(&record.id.quoted(), change));
    }
    if record.is_view() != is_view {
        return Err(wrong_kind(&record, &record.id.quoted(), view_operation(change)));
    }
    let is_delta = !record.is_view() && record.format() == DELTA;
    apply(session, &record, change, is_delta).await?;
    if is_delta && !matches!(change, TableChange::SetLocation { .. }) {
        delta::describe(session, &record.id).await?;
    }
    done()
}

/// Makes a change that fits what is changed.
async fn apply(session: &EmbeddedSession, record: &TableRecord, change: &TableChange, is_delta: bool) -> Result<()> {
    match change {
        TableChange::AddPartitions { .. }
        | TableChange::DropPartitions { .. }
        | TableChange::RenamePartition { .. }
            if is_delta =>
        {
            return Err(refused(record, "PARTITION"));
        }
        TableChange::SetProperties(new) => set_properties(session, record, new)?,
        TableChange::SetOptions(new) => {
            session.shared.catalog.alter_table(&record.id, |table| {
                options::merge(&mut table.options, new);
                Ok(())
            })?;
        }
        TableChange::UnsetProperties { keys, if_exists: _ } => unset_properties(session, record, keys)?,
        TableChange::SetLocation { partition, location } if !partition.is_empty() => {
            super::partition::set_location(session, record, partition, location).await?;
        }
        TableChange::SetLocation { location, .. } => set_location(session, record, location)?,
        TableChange::AddColumns(new) => add_columns(session, record, new).await?,
        TableChange::AddColumnsAt { columns, places } => {
            check_places(record, places, is_delta)?;
            add_columns(session, record, columns).await?;
        }
        TableChange::ClusterBy(names) => cluster_by(session, record, names)?,
        TableChange::DefaultCollation(collation) => {
            session.shared.catalog.alter_table(&record.id, |table| {
                table.collation = Some(*collation);
                Ok(())
            })?;
        }
        TableChange::SchemaBinding(mode) => view::set_schema_mode(session, record, mode)?,
        TableChange::RenameColumn { column, .. } => {
            known(record, column)?;
            return Err(refused(record, "RENAME COLUMN"));
        }
        TableChange::DropColumns { columns, if_exists } => {
            for column in columns.iter().filter(|_| !if_exists) {
                known(record, column)?;
            }
            return Err(refused(record, "DROP COLUMN"));
        }
        TableChange::ReplaceColumns(_) => return Err(refused(record, "REPLACE COLUMNS")),
        TableChange::AlterColumn { column, change } => {
            change_columns(session, record, &[(column.clone(), change.clone())]).await?;
        }
        TableChange::AlterColumns(changes) => alter_columns(session, record, changes, is_delta).await?,
        TableChange::SetSerde { partition } if partition.is_empty() => {
            return Err(NO_SERDE_OF_FILES.with("tableName", record.id.quoted()));
        }
        TableChange::SetSerde { .. } => return Err(NO_SERDE_OF_PARTITION.error()),
        TableChange::AddPartitions { partitions, if_not_exists } => {
            partition::add(session, record, partitions, *if_not_exists).await?;
        }
        TableChange::DropPartitions { partitions, if_exists, purge: _ } => {
            partition::drop(session, record, partitions, *if_exists).await?;
        }
        TableChange::RenamePartition { from, to } => partition::rename(session, record, from, to).await?,
        TableChange::Refused(operation) => return Err(refused(record, operation)),
        TableChange::ViewQuery { query, text } => view::set_query(session, record, query, text).await?,
    }
    Ok(())
}

/// Several columns at once, which tables of files do not do.
async fn alter_columns(
    session: &EmbeddedSession,
    record: &TableRecord,
    changes: &[(Name, ColumnChange)],
    is_delta: bool,
) -> Result<()> {
    for (column, _) in changes {
        known(record, column)?;
    }
    if !is_delta {
        return Err(refused(record, "ALTER COLUMN in bulk"));
    }
    change_columns(session, record, changes).await
}

/// What Spark calls a change of a view in errors.
fn view_operation(change: &TableChange) -> &'static str {
    match change {
        TableChange::SetProperties(_) => "ALTER VIEW ... SET TBLPROPERTIES",
        TableChange::UnsetProperties { .. } => "ALTER VIEW ... UNSET TBLPROPERTIES",
        _ => "ALTER VIEW",
    }
}

/// The error of a change of tables for a view.
pub fn not_for_views(name: &str, change: &TableChange) -> Error {
    let (what, is_of_views) = match change {
        TableChange::SetProperties(_) => ("SET TBLPROPERTIES", true),
        TableChange::UnsetProperties { .. } => ("UNSET TBLPROPERTIES", true),
        TableChange::SetOptions(_) | TableChange::SetSerde { .. } => ("SET [SERDE|SERDEPROPERTIES]", false),
        TableChange::SetLocation { .. } => ("SET LOCATION ...", false),
        TableChange::AddColumns(columns) if columns.len() == 1 => ("ADD COLUMN", false),
        TableChange::AddColumns(_) | TableChange::AddColumnsAt { .. } => ("ADD COLUMNS", false),
        TableChange::ClusterBy(_) => ("CLUSTER BY", false),
        TableChange::DefaultCollation(_) => ("DEFAULT COLLATION", false),
        TableChange::SchemaBinding(_) => ("WITH SCHEMA ...", true),
        TableChange::RenameColumn { .. } => ("RENAME COLUMN", false),
        TableChange::DropColumns { .. } => ("DROP COLUMNS", false),
        TableChange::AlterColumn { .. } | TableChange::AlterColumns(_) => ("ALTER COLUMN", false),
        TableChange::ReplaceColumns(_) => ("REPLACE COLUMNS", false),
        TableChange::AddPartitions { .. } => ("ADD PARTITION ...", false),
        TableChange::DropPartitions { .. } => ("DROP PARTITION ...", false),
        TableChange::RenamePartition { .. } => ("RENAME TO PARTITION", false),
        TableChange::Refused(what) => (*what, false),
        TableChange::ViewQuery { .. } => ("AS", true),
    };
    let condition = if is_of_views { EXPECT_TABLE_USE_ALTER_VIEW } else { EXPECT_TABLE_NOT_VIEW };
    condition.with("viewName", name).with("operation", format!("ALTER TABLE ... {what}"))
}

/// The error of `ALTER TABLE` for a view, and of `view_operation` for a table.
pub fn wrong_kind(record: &TableRecord, name: &str, view_operation: &str) -> Error {
    if record.is_view() {
        return EXPECT_TABLE_USE_ALTER_VIEW.with("viewName", name).with("operation", "ALTER TABLE");
    }
    EXPECT_VIEW_USE_ALTER_TABLE.with("tableName", name).with("operation", view_operation)
}

/// What a file table does not do.
pub fn refused(record: &TableRecord, operation: &str) -> Error {
    TABLE_OPERATION.with("tableName", record.id.quoted()).with("operation", operation)
}

fn set_properties(session: &EmbeddedSession, record: &TableRecord, new: &Options) -> Result<()> {
    let mut new = new.clone();
    let comment = options::take(&mut new, "comment");
    session.shared.catalog.alter_table(&record.id, |table| {
        options::merge(&mut table.properties, &new);
        table.comment = comment.or(table.comment.take());
        Ok(())
    })
}

fn unset_properties(session: &EmbeddedSession, record: &TableRecord, keys: &[String]) -> Result<()> {
    session.shared.catalog.alter_table(&record.id, |table| {
        table.properties.retain(|(key, _)| !keys.contains(key));
        if keys.iter().any(|key| key == "comment") {
            table.comment = None;
        }
        Ok(())
    })
}

fn set_location(session: &EmbeddedSession, record: &TableRecord, location: &str) -> Result<()> {
    let location = path::absolute(location, session)?;
    session.shared.catalog.alter_table(&record.id, |table| {
        table.location = Some(location);
        table.statistics = None;
        Ok(())
    })
}

/// A change of a column that is not there says so first.
fn known(record: &TableRecord, name: &Name) -> Result<()> {
    match super::clustering::field(&record.schema, name) {
        Some(_) => Ok(()),
        None => Err(unresolved(&record.schema, name)),
    }
}

/// Spark's own catalog takes `FIRST` and `AFTER`, and puts all new columns behind the others.
fn check_places(record: &TableRecord, places: &[(String, Option<String>)], is_delta: bool) -> Result<()> {
    if is_delta {
        return Err(Error::unsupported("ALTER TABLE … ADD COLUMNS … FIRST|AFTER"));
    }
    let is_known = |name: &str| record.schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name));
    match places.iter().find(|(_, after)| after.as_ref().is_some_and(|after| !is_known(after))) {
        Some((column, _)) => {
            let fields: Vec<_> = record.schema.fields.iter().map(|field| &*field.name).collect();
            Err(FIELD_NOT_FOUND
                .with("fieldName", quote(std::slice::from_ref(column)))
                .with("fields", fields.join(", ")))
        }
        None => Ok(()),
    }
}

fn cluster_by(session: &EmbeddedSession, record: &TableRecord, names: &[Name]) -> Result<()> {
    session
        .shared
        .catalog
        .alter_table(&record.id, |table| super::clustering::set(&mut table.properties, &table.schema, names))
}

/// New columns come before the partition columns.
async fn add_columns(session: &EmbeddedSession, record: &TableRecord, new: &[ColumnDef]) -> Result<()> {
    let mut added = Vec::new();
    for column in new {
        let field = columns::field(column)?;
        let field = record.collation.map_or_else(|| field.clone(), |collation| collation.of_field(&field));
        super::insert::check_default(session, &field, "ALTER TABLE ADD COLUMNS").await?;
        let field = super::insert::with_constant_default(session, field).await?;
        if record.schema.fields.iter().any(|known| known.name.eq_ignore_ascii_case(&field.name)) {
            return Err(COLUMN_ALREADY_EXISTS.with("columnName", quote(&[field.name.to_lowercase()])));
        }
        added.push(StructField { nullable: true, ..field });
    }
    columns::check_unique(added.iter().map(|field| &*field.name))?;
    session.shared.catalog.alter_table(&record.id, |table| {
        let data = table.schema.fields.len() - table.partition_columns.len();
        let mut fields = table.schema.fields.to_vec();
        fields.splice(data..data, added);
        table.schema = StructType::new(fields);
        Ok(())
    })
}

/// Changes columns, all of them or none.
async fn change_columns(
    session: &EmbeddedSession,
    record: &TableRecord,
    changes: &[(Name, ColumnChange)],
) -> Result<()> {
    let mut fields = record.schema.fields.to_vec();
    for (name, change) in changes {
        let found = match name.as_slice() {
            [only] => fields.iter_mut().find(|field| field.name.eq_ignore_ascii_case(only)),
            _ => None,
        };
        let field = found.ok_or_else(|| unresolved(&record.schema, name))?;
        *field = changed(session, record, field.clone(), change).await?;
    }
    session.shared.catalog.alter_table(&record.id, |table| {
        table.schema = StructType::new(fields);
        Ok(())
    })
}

/// A column after its change.
async fn changed(
    session: &EmbeddedSession,
    record: &TableRecord,
    field: StructField,
    change: &ColumnChange,
) -> Result<StructField> {
    Ok(match change {
        ColumnChange::Comment(comment) => field.with_metadata_text(COMMENT, comment),
        ColumnChange::Default(default) => {
            let field = columns::with_default(field, default.as_deref());
            super::insert::check_default(session, &field, "ALTER TABLE ALTER COLUMN").await?;
            field
        }
        ColumnChange::Type(to) => {
            let to = columns::type_of(to)?;
            if hearth_functions::collation::same_otherwise(&to, &field.data_type) {
                StructField { data_type: to, ..field }
            } else if to != field.data_type {
                return Err(NOT_SUPPORTED_CHANGE_COLUMN
                    .with("table", record.id.quoted())
                    .with("originName", quote(&[field.name.to_string()]))
                    .with("originType", format!("\"{}\"", field.data_type.sql()))
                    .with("newName", quote(&[field.name.to_string()]))
                    .with("newType", format!("\"{}\"", to.sql())));
            } else {
                field
            }
        }
        ColumnChange::Nullable(false) => return Err(refused(record, "ALTER COLUMN ... SET NOT NULL")),
        ColumnChange::Nullable(true) => StructField { nullable: true, ..field },
        ColumnChange::Position(_) => return Err(refused(record, "ALTER COLUMN ... FIRST | AFTER")),
    })
}

/// The error for a column that a table has not.
pub fn unresolved(schema: &StructType, name: &[String]) -> Error {
    let columns: Vec<_> = schema.fields.iter().map(|field| quote(&[field.name.to_string()])).collect();
    UNRESOLVED_COLUMN_WITH_SUGGESTION.with("objectName", quote(name)).with("proposal", columns.join(", "))
}

pub async fn comment_on(
    session: &EmbeddedSession,
    kind: CommentTarget,
    name: &TableName,
    comment: Option<&String>,
) -> Result<Rows> {
    let name = &table_name(session, name).await?;
    match kind {
        CommentTarget::Database => database::set_comment(session, name, comment),
        CommentTarget::Table => {
            let not_view =
                |view: String| EXPECT_TABLE_NOT_VIEW.with("viewName", view).with("operation", "COMMENT ON TABLE");
            let record = Scope::new(session).get_table(name, not_view)?;
            session.shared.catalog.alter_table(&record.id, |table| {
                table.comment = comment.cloned();
                Ok(())
            })?;
            done()
        }
        CommentTarget::View => {
            let scope = Scope::new(session);
            let record = match scope.get(name)? {
                Found::Table(record) if record.is_view() => record,
                Found::Table(record) => return Err(wrong_kind(&record, &record.id.quoted(), "COMMENT ON VIEW")),
                Found::Temporary(_) | Found::GlobalTemporary(_) => {
                    return Err(Error::unsupported("COMMENT ON of a temporary view"));
                }
            };
            scope.catalog().alter_table(&record.id, |view| {
                view.comment = comment.cloned();
                Ok(())
            })?;
            done()
        }
        CommentTarget::Column => {
            let Some((column, table)) = name.split_last() else {
                return Err(Error::internal("COMMENT ON COLUMN without a name"));
            };
            let change = TableChange::AlterColumn {
                column: vec![column.clone()],
                change: ColumnChange::Comment(comment.cloned().unwrap_or_default()),
            };
            alter(session, &TableName::from(table.to_vec()), false, &change).await
        }
    }
}
