//! Delta tables: rows that go in as a new version of the log, tables that are made, and what the catalog keeps of them.
//!
//! Files are put into their places first and become the table's by the one entry of the log that names them, so a write
//! that fails or is killed leaves files that nobody reads. The log says what the columns are; the catalog's record of a
//! table follows it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_analyzer::{Analyzed, StoreAssignment, WriteTarget, align_for_write};
use hearth_base::Result;
use hearth_base::condition::{
    DELTA_FAILED_TO_MERGE_FIELDS, DELTA_PARTITION_MISMATCH, DELTA_PATH_EXISTS, DELTA_SCHEMA_MISMATCH,
};
use hearth_delta::{At, Change, Definition, NewFile, Operation, Removal, Snapshot, is_table};
use hearth_plan::Expr;
use hearth_plan::command::{SaveMode, Write};
use hearth_types::{DataType, StructField, StructType};

use super::lookup::Scope;
use super::write::FileWrite;
use super::{Written, columns, insert, rewrite, table};
use crate::catalog::{DELTA, TableId, TableKind, TableRecord, local_path, partitions};
use crate::execute::Query;
use crate::run;
use crate::session::EmbeddedSession;
use crate::sinks::{self, WriteMode, WriteRequest};

/// What a write says beside its rows and its place.
#[derive(Debug, Default)]
pub struct Extra {
    /// `None`: by the mode of the write.
    pub operation: Option<Operation>,
    /// The properties and the comment of a table that is made or replaced.
    pub described: Option<Described>,
}

/// Properties and a comment.
type Described = (Vec<(String, String)>, Option<String>);

/// Writes the rows of a query to the table in the folder of `write`, which is made if it is not there.
pub async fn write(session: &EmbeddedSession, analyzed: &Analyzed, write: &FileWrite<'_>, extra: Extra) -> Result<u64> {
    if !is_table(write.path) {
        return make(session, analyzed, write, extra).await;
    }
    match write.mode {
        WriteMode::ErrorIfExists => return Err(DELTA_PATH_EXISTS.with("path", write.path.display())),
        WriteMode::Ignore => return Ok(0),
        WriteMode::Append | WriteMode::Overwrite | WriteMode::OverwritePartitions => {}
    }
    let snapshot = Snapshot::open(write.path, At::Latest).await?;
    let old = crate::sources::delta_schema(&snapshot)?;
    let overwrites = write.mode == WriteMode::Overwrite && write.static_partition.is_empty();
    let replaces = overwrites && is_set(write.options, "overwriteSchema");
    let schema = if replaces { analyzed.schema.as_nullable() } else { merged(&old, &analyzed.schema, write.options)? };
    let partition_columns =
        if replaces { write.partition_columns.to_vec() } else { same_partitions(&snapshot, write)? };
    let aligned = by_name(session, analyzed, &schema, write.path)?;
    let (rows, paths) = put(session, &aligned, write, &partition_columns).await?;
    let added: Vec<_> = paths.iter().map(|path| new_file(write.path, path)).collect();
    let removed = removal(&snapshot, write, &added);
    let described = extra.described.clone();
    let changes = described.is_some() || schema != old || partition_columns != snapshot.partition_columns;
    let (properties, comment) =
        described.unwrap_or_else(|| (snapshot.properties.clone(), snapshot.description.clone()));
    let definition = changes.then(|| Definition {
        schema: DataType::Struct(schema).json(),
        partition_columns: partition_columns.clone(),
        properties,
        comment,
    });
    let operation = extra.operation.unwrap_or_else(|| Operation::Write {
        overwrite: write.mode != WriteMode::Append,
        partition_columns,
        predicate: None,
    });
    let metrics = metrics(rows, &paths);
    let done = snapshot.commit(Change { operation, added, removed, definition, metrics }).await;
    kept(done, &paths)?;
    Ok(rows)
}

/// Writes the rows as the first version of a table.
async fn make(session: &EmbeddedSession, analyzed: &Analyzed, write: &FileWrite<'_>, extra: Extra) -> Result<u64> {
    let (rows, paths) = put(session, analyzed, write, write.partition_columns).await?;
    let added: Vec<_> = paths.iter().map(|path| new_file(write.path, path)).collect();
    let (properties, comment) = extra.described.unwrap_or_default();
    let definition = Definition {
        schema: DataType::Struct(analyzed.schema.as_nullable()).json(),
        partition_columns: write.partition_columns.to_vec(),
        properties,
        comment,
    };
    let made = hearth_delta::create(write.path, &definition, &added, &metrics(rows, &paths)).await;
    kept(made, &paths)?;
    Ok(rows)
}

/// Files that no version names are removed at once.
fn kept<T>(done: Result<T>, paths: &[PathBuf]) -> Result<T> {
    if done.is_err() {
        for path in paths {
            let _ = std::fs::remove_file(path);
        }
    }
    done
}

fn metrics(rows: u64, paths: &[PathBuf]) -> Vec<(&'static str, String)> {
    let bytes: u64 = paths.iter().filter_map(|path| std::fs::metadata(path).ok()).map(|metadata| metadata.len()).sum();
    vec![
        ("numFiles", paths.len().to_string()),
        ("numOutputBytes", bytes.to_string()),
        ("numOutputRows", rows.to_string()),
    ]
}

/// Runs a query and puts its files into the table's folder, where nobody sees them yet.
async fn put(
    session: &EmbeddedSession,
    analyzed: &Analyzed,
    write: &FileWrite<'_>,
    partition_columns: &[String],
) -> Result<(u64, Vec<PathBuf>)> {
    let mut query = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?;
    if let Some(count) = analyzed.partitions {
        query = query.in_partitions(count)?;
    }
    let request = WriteRequest {
        query,
        schema: &analyzed.schema,
        format: "parquet",
        path: write.path,
        partition_columns,
        mode: WriteMode::Append,
        options: write.options,
        static_partition: &[],
        // As the log has times.
        time_zone: "UTC",
    };
    let (rows, mut paths) = sinks::write_aside(request).await?;
    if rows == 0 {
        // The file that says the columns of an empty result; here the log says them.
        for path in paths.drain(..) {
            let _ = std::fs::remove_file(path);
        }
    }
    Ok((rows, paths))
}

/// A file with the partition that its folders say.
fn new_file(root: &Path, path: &Path) -> NewFile {
    let folders = path.strip_prefix(root).ok().and_then(Path::parent);
    let names = folders.into_iter().flat_map(Path::components);
    let partition = names.filter_map(|part| {
        let name = part.as_os_str().to_string_lossy();
        let (column, value) = name.split_once('=')?;
        let value = (value != partitions::NULL_PARTITION).then(|| partitions::unescape(value));
        Some((partitions::unescape(column), value))
    });
    NewFile { path: path.to_path_buf(), partition: partition.collect() }
}

/// Which files an overwrite replaces.
fn removal(snapshot: &Snapshot, write: &FileWrite<'_>, added: &[NewFile]) -> Removal {
    let known = |file: &hearth_delta::DataFile, name: &str| {
        let found = file.partition.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    };
    let matching = |goes: &dyn Fn(&hearth_delta::DataFile) -> bool| {
        let paths: HashSet<_> = snapshot.files.iter().filter(|file| goes(file)).map(|file| file.path.clone()).collect();
        Removal::These(paths)
    };
    match write.mode {
        WriteMode::Append | WriteMode::ErrorIfExists | WriteMode::Ignore => Removal::Nothing,
        WriteMode::OverwritePartitions => matching(&|file| {
            added.iter().any(|new| new.partition.iter().all(|(name, value)| known(file, name) == *value))
        }),
        WriteMode::Overwrite if write.static_partition.is_empty() => Removal::All,
        WriteMode::Overwrite => {
            matching(&|file| write.static_partition.iter().all(|(name, value)| known(file, name) == *value))
        }
    }
}

pub fn is_set(options: &[(String, String)], key: &str) -> bool {
    let found = options.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(key));
    found.is_some_and(|(_, value)| value.trim().eq_ignore_ascii_case("true"))
}

/// The columns after a write: the table's, with those that `mergeSchema` adds.
fn merged(old: &StructType, new: &StructType, options: &[(String, String)]) -> Result<StructType> {
    let mut fields = old.fields.to_vec();
    for field in new.fields.iter() {
        match old.fields.iter().find(|known| known.name.eq_ignore_ascii_case(&field.name)) {
            Some(known) if !goes_into(&field.data_type, &known.data_type) => {
                return Err(DELTA_FAILED_TO_MERGE_FIELDS
                    .with("currentField", &known.name)
                    .with("updateField", &field.name));
            }
            Some(_) => {}
            None if is_set(options, "mergeSchema") => fields.push(field.as_nullable()),
            None => {
                let text = |schema: &StructType| DataType::Struct(schema.clone()).simple_string();
                return Err(DELTA_SCHEMA_MISMATCH.with("dataSchema", text(new)).with("tableSchema", text(old)));
            }
        }
    }
    Ok(StructType::new(fields))
}

/// Whether values of one type are written as another without a cast that may fail.
fn goes_into(from: &DataType, to: &DataType) -> bool {
    let rank = |data_type: &DataType| match data_type {
        DataType::Byte => Some(0),
        DataType::Short => Some(1),
        DataType::Integer => Some(2),
        DataType::Long => Some(3),
        _ => None,
    };
    if let (Some(from), Some(to)) = (rank(from), rank(to)) {
        // Delta casts whole numbers both ways and checks that they fit.
        return from <= to || to >= 2;
    }
    match (from, to) {
        (DataType::Null, _) | (DataType::Float, DataType::Double) => true,
        (DataType::Decimal { .. }, DataType::Decimal { .. }) => true,
        (DataType::Struct(from), DataType::Struct(to)) => from.fields.iter().all(|field| {
            let known = to.fields.iter().find(|known| known.name.eq_ignore_ascii_case(&field.name));
            known.is_some_and(|known| goes_into(&field.data_type, &known.data_type))
        }),
        (DataType::Array(from), DataType::Array(to)) => goes_into(&from.element, &to.element),
        (DataType::Map(from), DataType::Map(to)) => goes_into(&from.key, &to.key) && goes_into(&from.value, &to.value),
        _ => from.simple_string() == to.simple_string(),
    }
}

fn same_partitions(snapshot: &Snapshot, write: &FileWrite<'_>) -> Result<Vec<String>> {
    let known = &snapshot.partition_columns;
    let given = write.partition_columns;
    let same =
        given.len() == known.len() && given.iter().zip(known).all(|(left, right)| left.eq_ignore_ascii_case(right));
    if !given.is_empty() && !same {
        return Err(DELTA_PARTITION_MISMATCH
            .with("tablePartitions", known.join(", "))
            .with("partitions", given.join(", ")));
    }
    Ok(known.clone())
}

/// The query with the columns of a schema, by name; NULL for those that it has not.
fn by_name(session: &EmbeddedSession, analyzed: &Analyzed, schema: &StructType, path: &Path) -> Result<Analyzed> {
    let pairs = analyzed.schema.fields.iter().zip(schema.fields.iter());
    let same = analyzed.schema.fields.len() == schema.fields.len()
        && pairs.into_iter().all(|(left, right)| left.name == right.name && left.data_type == right.data_type);
    if same {
        return Ok(Analyzed { schema: schema.clone(), ..analyzed.clone() });
    }
    let state = session.snapshot();
    let view = hearth_analyzer::SessionView::new(crate::resolve::settings(session, &state));
    let defaults = vec![None; schema.fields.len()];
    let name = format!("delta.`{}`", path.display());
    let target = WriteTarget {
        table: &name,
        schema,
        by_name: true,
        columns: &[],
        defaults: &defaults,
        policy: StoreAssignment::Ansi,
    };
    align_for_write(analyzed, &view, &target)
}

/// `saveAsTable` on a table that is there already.
pub async fn save(session: &EmbeddedSession, write_: &Write, record: &Arc<TableRecord>) -> Result<Written> {
    if let Some(condition) = replace_where(write_)? {
        return replace_matching(session, write_, record, &condition).await;
    }
    let analyzed = run::analyze(session, &write_.input).await?;
    let dynamic = super::write::is_dynamic(session, &write_.options);
    let mode = match write_.mode {
        SaveMode::Overwrite if dynamic && !record.partition_columns.is_empty() => WriteMode::OverwritePartitions,
        SaveMode::Overwrite => WriteMode::Overwrite,
        SaveMode::Append | SaveMode::Unspecified | SaveMode::ErrorIfExists | SaveMode::Ignore => WriteMode::Append,
    };
    let file_write = FileWrite {
        format: DELTA,
        path: &table::folder_of(record)?,
        partition_columns: &write_.partition_columns,
        mode,
        options: &write_.options,
        static_partition: &[],
    };
    let rows = write(session, &analyzed, &file_write, Extra::default()).await?;
    current(session, Arc::clone(record)).await?;
    Ok(Written { metrics: analyzed.metrics, rows })
}

/// The option `replaceWhere` of an overwrite.
pub fn replace_where(write: &Write) -> Result<Option<Expr>> {
    let option = write.options.iter().find(|(key, _)| key.eq_ignore_ascii_case("replaceWhere"));
    match option.filter(|_| write.mode == SaveMode::Overwrite) {
        Some((_, text)) => hearth_sql::parse_expression(text).map(Some),
        None => Ok(None),
    }
}

/// Replaces the rows of a table that match a condition.
pub async fn replace_matching(
    session: &EmbeddedSession,
    write: &Write,
    record: &Arc<TableRecord>,
    condition: &Expr,
) -> Result<Written> {
    let columns = record.schema.fields.iter().map(|field| Expr::column(&*field.name)).collect();
    let new = rewrite::project(write.input.as_ref().clone(), columns);
    let rows = rewrite::replace_where(session, record, new, condition).await?;
    Ok(Written { metrics: Vec::new(), rows })
}

/// Whether a name says a path: ``delta.`/p` ``, maybe with the catalog in front.
pub fn path_of(name: &[String]) -> Option<&str> {
    match name {
        [format, path] | [_, format, path] if format.eq_ignore_ascii_case(DELTA) && path.contains('/') => Some(path),
        _ => None,
    }
}

/// The table that is to be changed. One of Delta has the columns that its log says now.
pub async fn target(session: &EmbeddedSession, name: &[String]) -> Result<Arc<TableRecord>> {
    if let Some(path) = path_of(name) {
        return at_path(session, path).await;
    }
    let record = insert::target(&Scope::new(session), name)?;
    current(session, record).await
}

/// A table that the catalog does not know, as if it did.
async fn at_path(session: &EmbeddedSession, path: &str) -> Result<Arc<TableRecord>> {
    let location = super::path::target(path, session)?;
    let snapshot = Snapshot::open(&location, At::Latest).await?;
    let catalog = session.state.read().catalog.clone();
    Ok(Arc::new(TableRecord {
        id: TableId { catalog, database: DELTA.to_owned(), name: path.to_owned() },
        kind: TableKind::External,
        provider: Some(DELTA.to_owned()),
        schema: crate::sources::delta_schema(&snapshot)?,
        partition_columns: snapshot.partition_columns.clone(),
        bucket: None,
        sort_columns: Vec::new(),
        collation: None,
        options: Vec::new(),
        properties: snapshot.properties.clone(),
        location: Some(location.display().to_string()),
        comment: snapshot.description.clone(),
        owner: String::new(),
        created: snapshot.created.unwrap_or_default(),
        statistics: None,
        view: None,
    }))
}

/// The record with what the log says, if the table is one of Delta.
pub async fn current(session: &EmbeddedSession, record: Arc<TableRecord>) -> Result<Arc<TableRecord>> {
    if record.is_view() || record.format() != DELTA {
        return Ok(record);
    }
    let folder = table::folder_of(&record)?;
    if !is_table(&folder) {
        return Ok(record);
    }
    let snapshot = Snapshot::open(&folder, At::Latest).await?;
    let schema = crate::sources::delta_schema(&snapshot)?;
    if schema == record.schema && snapshot.partition_columns == record.partition_columns {
        return Ok(record);
    }
    session.shared.catalog.alter_table(&record.id, |known| {
        known.schema = schema;
        known.partition_columns.clone_from(&snapshot.partition_columns);
        Ok(())
    })?;
    Ok(session.shared.catalog.table(&record.id).unwrap_or(record))
}

/// Whether `UPDATE`, `DELETE` and `MERGE` change the table of this name in the session of a Spark client.
pub async fn is_target(session: &EmbeddedSession, name: &[String]) -> Result<bool> {
    if path_of(name).is_some() {
        return Ok(true);
    }
    let scope = Scope::new(session);
    if scope.temporary(name).is_some() {
        return Ok(false);
    }
    let record = scope.catalog().table(&scope.table_id(name)?);
    Ok(record.is_some_and(|record| !record.is_view() && record.format() == DELTA))
}

/// Makes the table of a record that has columns but no rows yet, in the catalog and on disk.
pub fn described(record: &TableRecord) -> Definition {
    Definition {
        schema: DataType::Struct(record.schema.clone()).json(),
        partition_columns: record.partition_columns.clone(),
        properties: record.properties.clone(),
        comment: record.comment.clone(),
    }
}

/// `CREATE TABLE` without a query. A table that is at the location already says its columns.
pub async fn create(session: &EmbeddedSession, mut record: TableRecord, replace: bool) -> Result<()> {
    let catalog = &session.shared.catalog;
    let managed = record.kind == TableKind::Managed;
    let home = table::folder_of(&record)?;
    if !managed && is_table(&home) && !replace {
        let snapshot = Snapshot::open(&home, At::Latest).await?;
        let schema = crate::sources::delta_schema(&snapshot)?;
        if !record.schema.fields.is_empty() && !same_columns(&record.schema, &schema) {
            let text = |schema: &StructType| DataType::Struct(schema.clone()).simple_string();
            return Err(DELTA_SCHEMA_MISMATCH
                .with("dataSchema", text(&record.schema))
                .with("tableSchema", text(&schema)));
        }
        record.schema = schema;
        record.partition_columns.clone_from(&snapshot.partition_columns);
        return catalog.create_table(record, None);
    }
    columns::finish(&mut record)?;
    if replace && is_table(&home) {
        let snapshot = Snapshot::open(&home, At::Latest).await?;
        let change = Change {
            operation: Operation::Write {
                overwrite: true,
                partition_columns: record.partition_columns.clone(),
                predicate: None,
            },
            added: Vec::new(),
            removed: Removal::All,
            definition: Some(described(&record)),
            metrics: Vec::new(),
        };
        snapshot.commit(change).await?;
        return put_record(session, record);
    }
    let folder = if managed { catalog.staging() } else { home };
    let made = async {
        hearth_delta::create(&folder, &described(&record), &[], &[]).await?;
        let staged = managed.then_some(folder.as_path());
        if replace { catalog.replace_table(record, staged) } else { catalog.create_table(record, staged) }
    }
    .await;
    if managed {
        let _ = std::fs::remove_dir_all(&folder);
    }
    made
}

fn same_columns(left: &StructType, right: &StructType) -> bool {
    let pair = |(left, right): (&StructField, &StructField)| {
        left.name.eq_ignore_ascii_case(&right.name) && left.data_type.simple_string() == right.data_type.simple_string()
    };
    left.fields.len() == right.fields.len() && left.fields.iter().zip(right.fields.iter()).all(pair)
}

/// Puts a record in the place of the one of the same table, whose files stay.
fn put_record(session: &EmbeddedSession, record: TableRecord) -> Result<()> {
    session.shared.catalog.alter_table(&record.id.clone(), |known| {
        *known = TableRecord { created: known.created, ..record };
        Ok(())
    })
}

/// Makes a table of a query's rows, or a new version of one that it replaces.
pub async fn fill(
    session: &EmbeddedSession,
    mut record: TableRecord,
    analyzed: &Analyzed,
    replace: bool,
) -> Result<u64> {
    let catalog = &session.shared.catalog;
    columns::finish(&mut record)?;
    let ordered = columns::in_order(session, analyzed, &record).await?;
    let home = table::folder_of(&record)?;
    let managed = record.kind == TableKind::Managed;
    let old = catalog.table(&record.id).filter(|old| !old.is_view() && old.format() == DELTA);
    let in_place =
        replace && is_table(&home) && (!managed || old.is_some_and(|old| old.folder().as_ref() == Some(&home)));
    let folder = if managed && !in_place { catalog.staging() } else { home };
    let partition_columns = record.partition_columns.clone();
    let mut options = record.options.clone();
    options.push(("overwriteSchema".to_owned(), "true".to_owned()));
    let file_write = FileWrite {
        format: DELTA,
        path: &folder,
        partition_columns: &partition_columns,
        mode: WriteMode::Overwrite,
        options: &options,
        static_partition: &[],
    };
    let extra = Extra { operation: None, described: Some((record.properties.clone(), record.comment.clone())) };
    let written = async {
        let rows = write(session, &ordered, &file_write, extra).await?;
        let staged = (managed && !in_place).then_some(folder.as_path());
        match (in_place && catalog.table(&record.id).is_some(), replace) {
            (true, _) => put_record(session, record)?,
            (false, true) => catalog.replace_table(record, staged)?,
            (false, false) => catalog.create_table(record, staged)?,
        }
        Ok(rows)
    }
    .await;
    if managed && !in_place {
        let _ = std::fs::remove_dir_all(&folder);
    }
    written
}

/// Writes the columns, the properties and the comment that the catalog has into the log.
pub async fn describe(session: &EmbeddedSession, id: &TableId) -> Result<()> {
    let Some(record) = session.shared.catalog.table(id) else { return Ok(()) };
    let folder = table::folder_of(&record)?;
    if record.format() != DELTA || !is_table(&folder) {
        return Ok(());
    }
    let snapshot = Snapshot::open(&folder, At::Latest).await?;
    let change = Change {
        operation: Operation::Properties,
        added: Vec::new(),
        removed: Removal::Nothing,
        definition: Some(described(&record)),
        metrics: Vec::new(),
    };
    snapshot.commit(change).await.map(drop)
}

/// Removes all rows.
pub async fn truncate(record: &TableRecord) -> Result<()> {
    let snapshot = Snapshot::open(&table::folder_of(record)?, At::Latest).await?;
    let change = Change {
        operation: Operation::Delete { predicate: None },
        added: Vec::new(),
        removed: Removal::All,
        definition: None,
        metrics: Vec::new(),
    };
    snapshot.commit(change).await.map(drop)
}

/// The folder of the table of this name, or the one that a path says.
pub async fn folder_named(session: &EmbeddedSession, name: &[String], operation: &str) -> Result<PathBuf> {
    if let Some(path) = path_of(name).or_else(|| path_alone(name)) {
        return super::path::target(path, session);
    }
    let only = |shown: String| {
        hearth_base::condition::DELTA_ONLY_OPERATION.with("tableName", shown).with("operation", operation)
    };
    let record = Scope::new(session).get_table(name, only)?;
    if record.format() != DELTA {
        return Err(only(record.id.quoted()));
    }
    local_path(record.location.as_deref().unwrap_or_default()).ok_or_else(|| only(record.id.quoted()))
}

fn path_alone(name: &[String]) -> Option<&str> {
    match name {
        [only] if only.contains('/') => Some(only),
        _ => None,
    }
}
