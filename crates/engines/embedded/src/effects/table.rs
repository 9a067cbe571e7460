//! Tables: made, dropped, renamed, emptied, analysed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use hearth_analyzer::{Analyzed, holds_time};
use hearth_base::condition::{
    ANALYZE_UNCACHED_TEMP_VIEW, ANALYZE_VIEW_UNSUPPORTED, CANNOT_TRUNCATE_EXTERNAL_TABLE, COLLATIONS_IN_MAP_KEYS,
    EXPECT_PERMANENT_VIEW_NOT_TEMP, EXPECT_TABLE_NOT_VIEW, EXTERNAL_TABLE_WITHOUT_LOCATION, HIVE_SUPPORT_REQUIRED,
    INVALID_PARTITION_COLUMN_DATA_TYPE, NON_EMPTY_LOCATION, RENAME_ACROSS_DATABASES, TABLE_OPERATION,
    TABLE_OR_VIEW_ALREADY_EXISTS, UNABLE_TO_INFER_SCHEMA, UNSUPPORTED_PARTITION_TRANSFORM, UNSUPPORTED_TIME_TYPE,
    WRONG_COMMAND_FOR_OBJECT_TYPE,
};
use hearth_base::{Error, Result};
use hearth_plan::catalog::{CreateMode, CreateTable, PartitionSpec, Style, TableColumns, TablePromise};
use hearth_plan::identifier::quote;
use hearth_plan::relation::TableName;
use hearth_plan::{Expr, ExprNode, Name};
use hearth_types::{Collation, DataType, StructField, StructType, Value};

use super::lookup::{Found, Scope, table_name};
use super::rows::done;
use super::write::{FileWrite, files};
use super::{clustering, columns, delta, options, partition, path, statistics};
use crate::catalog::{DELTA, TableId, TableKind, TableRecord};
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;
use crate::sinks::WriteMode;
use crate::sources::{self, SourceRequest};

pub(super) fn failed(error: io::Error) -> Error {
    Error::internal(format!("the files of a table: {error}")).caused_by(error)
}

/// The folder of a table on this machine.
pub fn folder_of(record: &TableRecord) -> Result<PathBuf> {
    record.folder().ok_or_else(|| Error::internal(format!("the table {} has no folder", record.id.plain())))
}

/// `CREATE TABLE` in all its forms, and `spark.catalog.createTable`.
pub async fn create(session: &EmbeddedSession, new: &CreateTable) -> Result<Rows> {
    let name = table_name(session, &new.name).await?;
    let scope = Scope::new(session);
    let id = scope.table_id(&name)?;
    scope.catalog().database(&id.database_id())?;
    check_promise(session, new, &id)?;
    let has_path = new.location.is_some() || new.options.iter().any(|(key, _)| key.eq_ignore_ascii_case("path"));
    if new.external && !has_path && !session.is_warehouse() {
        return Err(EXTERNAL_TABLE_WITHOUT_LOCATION.error());
    }
    let replace = match new.mode {
        CreateMode::Create | CreateMode::CreateIfNotExists => false,
        CreateMode::Replace | CreateMode::CreateOrReplace => true,
    };
    let known = scope.catalog().table(&id);
    if new.mode == CreateMode::Replace && known.is_none() {
        let operation = if new.query.is_some() { "REPLACE TABLE AS SELECT" } else { "REPLACE TABLE" };
        return match new.provider.as_deref() {
            Some(provider) if provider.eq_ignore_ascii_case(DELTA) => Err(id.not_found_here()),
            _ => Err(TABLE_OPERATION.with("tableName", id.quoted()).with("operation", operation)),
        };
    }
    if known.is_some() && !replace {
        return if new.mode == CreateMode::CreateIfNotExists { done() } else { Err(already_exists(&id, &name)) };
    }
    let mut record = blank(session, &id, new)?;
    if let Some(query) = &new.query {
        let analyzed = run::analyze(session, query).await?;
        record.schema = in_collation(analyzed.schema.without_notes().with_lengths(), new)?;
        partition_by(&mut record, new)?;
        cluster_by(&mut record, new)?;
        return match fill(session, record, &analyzed, replace).await {
            Err(error) if is_exists(&error) && new.mode == CreateMode::CreateIfNotExists => done(),
            result => result.and_then(|rows| super::inserted(session, rows)),
        };
    }
    match &new.like {
        Some(like) => copy(&scope, like, new.provider.is_some(), &mut record)?,
        None => record.schema = in_collation(columns::declared(session, new).await?, new)?,
    }
    partition_by(&mut record, new)?;
    cluster_by(&mut record, new)?;
    if record.provider.as_deref() == Some(DELTA) {
        return match delta::create(session, record, replace).await {
            Err(error) if is_exists(&error) && new.mode == CreateMode::CreateIfNotExists => done(),
            result => result.and_then(|()| done()),
        };
    }
    if record.schema.fields.is_empty() {
        infer(session, &mut record).await?;
    }
    check_partition_types(&record)?;
    columns::finish(&mut record)?;
    let time_type = session.state.read().config.time_type();
    if !time_type && record.schema.fields.iter().any(|field| holds_time(&field.data_type)) {
        return Err(UNSUPPORTED_TIME_TYPE.error());
    }
    crate::sinks::check_columns(record.format(), &record.schema)?;
    let made = match replace {
        true => scope.catalog().replace_table(record, None),
        false => scope.catalog().create_table(record, None),
    };
    match made {
        Err(error) if is_exists(&error) && new.mode == CreateMode::CreateIfNotExists => done(),
        result => result.and_then(|()| done()),
    }
}

/// The columns with the table's default collation. Keys of maps have none in a table.
fn in_collation(schema: StructType, new: &CreateTable) -> Result<StructType> {
    let schema = match new.collation {
        Some(collation) => StructType::new(schema.fields.iter().map(|field| collation.of_field(field))),
        None => schema,
    };
    match schema.fields.iter().any(|field| has_collated_key(&field.data_type)) {
        true => Err(COLLATIONS_IN_MAP_KEYS.error()),
        false => Ok(schema),
    }
}

fn has_collated_key(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array(array) => has_collated_key(&array.element),
        DataType::Map(map) => Collation::is_in(&map.key) || has_collated_key(&map.value),
        DataType::Struct(structure) => structure.fields.iter().any(|field| has_collated_key(&field.data_type)),
        _ => false,
    }
}

/// Refuses what no table of files does.
fn check_promise(session: &EmbeddedSession, new: &CreateTable, id: &TableId) -> Result<()> {
    let operation = match new.promise {
        TablePromise::Nothing => None,
        TablePromise::Keys if session.is_warehouse() => None,
        TablePromise::Keys | TablePromise::Check => Some("CONSTRAINT"),
        TablePromise::Identity => Some("identity columns"),
        TablePromise::Hive if new.like.is_some() => None,
        TablePromise::Hive => return Err(HIVE_SUPPORT_REQUIRED.with("cmd", "CREATE Hive TABLE (AS SELECT)")),
    };
    let is_generated = matches!(&new.columns, TableColumns::Columns(columns)
        if columns.iter().any(|column| column.generated.is_some()));
    match operation.or(is_generated.then_some("generated columns")) {
        Some(operation) => Err(TABLE_OPERATION.with("tableName", id.quoted()).with("operation", operation)),
        None => Ok(()),
    }
}

/// The table's name in full, its own part as typed.
fn already_exists(id: &TableId, typed: &[String]) -> Error {
    let shown = TableId { name: typed.last().cloned().unwrap_or_default(), ..id.clone() };
    TABLE_OR_VIEW_ALREADY_EXISTS.with("relationName", shown.quoted())
}

fn is_exists(error: &Error) -> bool {
    error.condition() == TABLE_OR_VIEW_ALREADY_EXISTS
}

/// The record of a new table without its columns.
fn blank(session: &EmbeddedSession, id: &TableId, new: &CreateTable) -> Result<TableRecord> {
    let mut table_options = new.options.clone();
    let location = options::take(&mut table_options, "path").or_else(|| new.location.clone());
    let mut record = new_record(session, id, new.provider.as_deref())?;
    if let Some(location) = &location {
        record.kind = TableKind::External;
        record.location = Some(path::absolute(location, session)?);
    }
    record.options = table_options;
    record.properties.clone_from(&new.properties);
    record.comment.clone_from(&new.comment);
    record.bucket.clone_from(&new.bucket);
    record.sort_columns.clone_from(&new.sort_columns);
    record.collation = new.collation;
    Ok(record)
}

/// The record of a new managed table without columns.
pub fn new_record(session: &EmbeddedSession, id: &TableId, provider: Option<&str>) -> Result<TableRecord> {
    let default = session.state.read().config.get("spark.sql.sources.default").map(ToOwned::to_owned);
    let provider = provider.map(ToOwned::to_owned).or(default).unwrap_or_else(|| "parquet".to_owned());
    Ok(TableRecord {
        location: Some(session.shared.catalog.managed_location(id)?),
        id: id.clone(),
        kind: TableKind::Managed,
        provider: Some(super::write::format_named(&provider)?),
        schema: StructType::default(),
        partition_columns: Vec::new(),
        bucket: None,
        sort_columns: Vec::new(),
        collation: None,
        options: Vec::new(),
        properties: Vec::new(),
        comment: None,
        // Spark's own session catalog keeps no owner of a table.
        owner: String::new(),
        created: session.shared.settings.clock.now(),
        statistics: None,
        view: None,
    })
}

/// The names in `PARTITIONED BY`; transforms other than `bucket` are not for file tables.
fn partition_by(record: &mut TableRecord, new: &CreateTable) -> Result<()> {
    let declared = new.partition_columns.iter().map(|column| column.name.clone());
    for name in declared {
        record.partition_columns.push(name);
    }
    partition_by_expressions(record, &new.partitioning)
}

/// Columns, and buckets as `bucket(4, a)` of SQL or the bucket of `partitionedBy`.
pub fn partition_by_expressions(record: &mut TableRecord, expressions: &[Expr]) -> Result<()> {
    for expr in expressions {
        match &expr.node {
            ExprNode::Function(call) if call.name.concat().eq_ignore_ascii_case("bucket") => {
                record.bucket = Some(buckets(&call.arguments)?);
            }
            _ => record.partition_columns.push(partition_name(expr)?),
        }
    }
    Ok(())
}

fn cluster_by(record: &mut TableRecord, new: &CreateTable) -> Result<()> {
    if new.cluster_columns.is_empty() {
        return Ok(());
    }
    clustering::set(&mut record.properties, &record.schema, &new.cluster_columns)
}

/// Folders are named after values that have no parts.
fn check_partition_types(record: &TableRecord) -> Result<()> {
    let is_key =
        |field: &&StructField| record.partition_columns.iter().any(|name| name.eq_ignore_ascii_case(&field.name));
    let nested = |field: &&StructField| field.data_type.is_nested() || field.data_type == DataType::Variant;
    match record.schema.fields.iter().filter(is_key).find(nested) {
        Some(field) => Err(INVALID_PARTITION_COLUMN_DATA_TYPE.with("type", format!("\"{}\"", field.data_type.sql()))),
        None => Ok(()),
    }
}

/// `bucket(4, a, b)`
fn buckets(arguments: &[Expr]) -> Result<(Vec<String>, i32)> {
    let wrong = || Error::unsupported("a bucket transform of something that is no column");
    let (count, columns) = arguments.split_first().ok_or_else(wrong)?;
    let ExprNode::Literal(Value::Integer(count)) = count.node else { return Err(wrong()) };
    Ok((columns.iter().map(partition_name).collect::<Result<_>>()?, count))
}

/// The column that a partitioning expression names.
pub fn partition_name(expr: &Expr) -> Result<String> {
    match &expr.node {
        ExprNode::Attribute { name, .. } if name.len() == 1 => Ok(name.concat()),
        ExprNode::Function(call) => {
            let arguments: Vec<_> = call.arguments.iter().map(partition_name).collect::<Result<_>>()?;
            let text = format!("{}({})", call.name.join("."), arguments.join(", "));
            Err(UNSUPPORTED_PARTITION_TRANSFORM.with("transform", quote(&[text])))
        }
        _ => Err(Error::unsupported("a partition transform of a file table")),
    }
}

/// `LIKE`: columns, format, partitioning; not the location, the comment and the properties.
fn copy(scope: &Scope<'_>, like: &Name, has_provider: bool, record: &mut TableRecord) -> Result<()> {
    match scope.get(like)? {
        Found::Table(other) => {
            record.schema = other.schema.clone();
            if !other.is_view() {
                if !has_provider {
                    record.provider.clone_from(&other.provider);
                    record.options.clone_from(&other.options);
                }
                record.partition_columns.clone_from(&other.partition_columns);
                record.bucket.clone_from(&other.bucket);
                record.sort_columns.clone_from(&other.sort_columns);
            }
        }
        Found::Temporary(view) | Found::GlobalTemporary(view) => {
            record.schema = view.schema.without_notes().with_lengths()
        }
    }
    Ok(())
}

/// The columns of files that are there already.
async fn infer(session: &EmbeddedSession, record: &mut TableRecord) -> Result<()> {
    let format = record.format().to_owned();
    let state = session.snapshot();
    let settings = crate::resolve::settings(session, &state);
    let folder = folder_of(record)?;
    if !folder.exists() {
        return Err(UNABLE_TO_INFER_SCHEMA.with("format", crate::sinks::display_name(&format)));
    }
    let paths = [folder.display().to_string()];
    let source = sources::open(SourceRequest {
        format: &format,
        schema: None,
        options: &record.options,
        session: &sources::session_options(&state.config),
        paths: &paths,
        partition_columns: None,
        datafusion: &session.shared.datafusion,
        settings: &settings,
    })
    .await?;
    record.schema = source.schema;
    record.partition_columns = columns::folder_columns(&folder);
    Ok(())
}

/// Makes a table of a query's rows, and says how many there are. They are staged, so a failure leaves neither files nor a table.
pub async fn fill(session: &EmbeddedSession, record: TableRecord, analyzed: &Analyzed, replace: bool) -> Result<u64> {
    fill_with(session, record, analyzed, replace, false).await
}

/// As `fill`; with `appends` the location may have files, whose place is taken.
pub async fn fill_with(
    session: &EmbeddedSession,
    mut record: TableRecord,
    analyzed: &Analyzed,
    replace: bool,
    appends: bool,
) -> Result<u64> {
    if record.provider.as_deref() == Some(DELTA) {
        return delta::fill(session, record, analyzed, replace).await;
    }
    let catalog = &session.shared.catalog;
    columns::finish(&mut record)?;
    let ordered = columns::in_order(session, analyzed, &record).await?;
    let managed = record.kind == TableKind::Managed;
    let folder = if managed { catalog.staging() } else { folder_of(&record)? };
    if !managed && !replace && !appends && crate::catalog::has_entries(&folder) {
        return Err(NON_EMPTY_LOCATION
            .with("tablePath", format!("file://{}", folder.display()))
            .with("config", "spark.sql.legacy.allowNonEmptyLocationInCTAS"));
    }
    let written = async {
        let write = FileWrite {
            format: record.format(),
            path: &folder,
            partition_columns: &record.partition_columns,
            mode: WriteMode::Overwrite,
            options: &record.options,
            static_partition: &[],
        };
        let rows = files(session, &ordered, write).await?;
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let staged = managed.then_some(folder.as_path());
        match replace {
            true => catalog.replace_table(record, staged)?,
            false => catalog.create_table(record, staged)?,
        }
        Ok(rows)
    }
    .await;
    if managed {
        let _ = std::fs::remove_dir_all(&folder);
    }
    written
}

/// `DROP TABLE`, which drops views too.
pub async fn drop(session: &EmbeddedSession, name: &TableName, if_exists: bool) -> Result<Rows> {
    drop_object(session, name, if_exists, false).await
}

pub async fn drop_view(session: &EmbeddedSession, name: &TableName, if_exists: bool) -> Result<Rows> {
    drop_object(session, name, if_exists, true).await
}

async fn drop_object(session: &EmbeddedSession, name: &TableName, if_exists: bool, view_only: bool) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let scope = Scope::new(session);
    match scope.temporary(&name) {
        Some(Found::Temporary(view)) => {
            session.state.write().views.remove(&view.name.to_lowercase());
            return done();
        }
        Some(Found::GlobalTemporary(view)) => {
            session.shared.global_views.write().remove(&view.name.to_lowercase());
            return done();
        }
        Some(Found::Table(_)) | None => {}
    }
    let id = scope.table_id(&name)?;
    let Some(record) = scope.catalog().table(&id) else {
        return if if_exists { done() } else { Err(id.not_found_here()) };
    };
    if view_only && !record.is_view() {
        return Err(WRONG_COMMAND_FOR_OBJECT_TYPE
            .with("operation", "DROP VIEW")
            .with("requiredType", "VIEW or METRIC_VIEW")
            .with("objectName", id.plain())
            .with("foundType", record.kind.name())
            .with("alternative", "DROP TABLE"));
    }
    scope.catalog().drop_table(&id)?;
    done()
}

/// `ALTER TABLE … RENAME TO`, `ALTER VIEW … RENAME TO`
pub async fn rename(session: &EmbeddedSession, name: &TableName, to: &Name, is_view: bool) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let scope = Scope::new(session);
    let record = match scope.get(&name)? {
        Found::Table(record) => record,
        Found::Temporary(view) => return super::view::rename_temporary(session, &view, to),
        Found::GlobalTemporary(_) => return Err(Error::unsupported("ALTER VIEW … RENAME of a global temporary view")),
    };
    if record.is_view() != is_view {
        return Err(super::alter::wrong_kind(&record, &quote(&name), "ALTER VIEW"));
    }
    let target = match to.as_slice() {
        [only] => TableId { name: only.to_lowercase(), ..record.id.clone() },
        _ => scope.table_id(to)?,
    };
    if target.database != record.id.database {
        return Err(RENAME_ACROSS_DATABASES.with("db", &record.id.database).with("newDb", &target.database));
    }
    scope.catalog().rename_table(&record.id, &target.name)?;
    done()
}

pub async fn truncate(session: &EmbeddedSession, name: &TableName, spec: &PartitionSpec, style: Style) -> Result<Rows> {
    let operation = match style {
        Style::Api => "Catalog.truncateTable",
        Style::Sql => "TRUNCATE TABLE",
    };
    let record = get(session, name, operation).await?;
    if record.kind == TableKind::External {
        return Err(CANNOT_TRUNCATE_EXTERNAL_TABLE.with("tableName", record.id.quoted()));
    }
    if record.format() == DELTA {
        delta::truncate(&record).await?;
    } else if spec.is_empty() && record.partition_columns.is_empty() {
        session.shared.catalog.clear_folder(&folder_of(&record)?)?;
    } else {
        // The partitions stay, without files.
        let wanted = partition::values(session, &record, spec).await?;
        for found in partition::matching(&record, &wanted)? {
            session.shared.catalog.clear_folder(&found.folder)?;
        }
    }
    forget_statistics(session, &record)?;
    done()
}

/// A table that is no view, for an operation that the error names.
async fn get(session: &EmbeddedSession, name: &TableName, operation: &str) -> Result<Arc<TableRecord>> {
    let name = table_name(session, name).await?;
    let not_view = |view: String| EXPECT_TABLE_NOT_VIEW.with("viewName", view).with("operation", operation);
    Scope::new(session).get_table(&name, not_view)
}

/// `ANALYZE TABLE`: the size of the files, and the number of rows unless `NOSCAN`.
pub async fn analyze(
    session: &EmbeddedSession,
    name: &TableName,
    spec: &PartitionSpec,
    (no_scan, columns): (bool, Option<&Vec<String>>),
) -> Result<Rows> {
    let full = table_name(session, name).await?;
    match Scope::new(session).get(&full)? {
        Found::Table(view) if view.is_view() => return Err(ANALYZE_VIEW_UNSUPPORTED.error()),
        Found::Table(_) => {}
        Found::Temporary(_) | Found::GlobalTemporary(_) if columns.is_some() => {
            return Err(ANALYZE_UNCACHED_TEMP_VIEW.with("viewName", quote(&full)));
        }
        Found::Temporary(_) | Found::GlobalTemporary(_) => {
            return Err(EXPECT_PERMANENT_VIEW_NOT_TEMP
                .with("viewName", quote(&full))
                .with("operation", "ANALYZE TABLE"));
        }
    }
    let record = get(session, name, "ANALYZE TABLE").await?;
    partition::check_columns(&record, spec.iter().map(|(name, _)| name))?;
    if !spec.is_empty() {
        // Statistics of partitions are not kept; one that is not there is told.
        let wanted = partition::values(session, &record, spec).await?;
        if wanted.len() == record.partition_columns.len() {
            partition::exactly(&record, &wanted)?;
        }
        return done();
    }
    match columns {
        Some(names) => statistics::of_columns(session, &record, names).await?,
        None => statistics::of_table(session, &record, no_scan).await?,
    }
    done()
}

/// `ANALYZE TABLES [IN database]`
pub async fn analyze_all(session: &EmbeddedSession, database: Option<&Name>, no_scan: bool) -> Result<Rows> {
    let scope = Scope::new(session);
    for record in scope.catalog().tables(&scope.database_id(database))? {
        if !record.is_view() {
            statistics::of_table(session, &record, no_scan).await?;
        }
    }
    done()
}

/// Statistics that a change of the data has made wrong.
pub fn forget_statistics(session: &EmbeddedSession, record: &TableRecord) -> Result<()> {
    if record.statistics.is_none() {
        return Ok(());
    }
    session.shared.catalog.alter_table(&record.id, |table| {
        table.statistics = None;
        Ok(())
    })
}

/// `OPTIMIZE`: how the files of a Delta table lie. Those of other tables stay as they are.
pub async fn optimize(session: &EmbeddedSession, name: &TableName) -> Result<Rows> {
    let full = table_name(session, name).await?;
    if delta::is_target(session, &full).await? {
        return super::delta_statements::optimize(session, &full).await;
    }
    refresh(session, name, true).await
}

/// `REFRESH TABLE`: nothing of a table is kept between queries.
pub async fn refresh(session: &EmbeddedSession, name: &TableName, is_statement: bool) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let scope = Scope::new(session);
    if is_statement {
        scope.get(&name)?;
    } else {
        scope.find(&name)?.ok_or_else(|| scope.relation_not_found(&name))?;
    }
    done()
}
