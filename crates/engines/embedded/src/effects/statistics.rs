//! `ANALYZE TABLE`: the size of a table, how many rows it has, and what its columns hold.
//!
//! Columns are looked at by one query of our own over the table; its texts are what `DESCRIBE EXTENDED` shows.

use hearth_base::condition::{ANALYZE_UNSUPPORTED_COLUMN_TYPE, COLUMN_NOT_FOUND};
use hearth_base::{Error, Result};
use hearth_plan::Plan;
use hearth_plan::identifier::quote;
use hearth_types::{DataType, StructField};

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType as Arrow;

use crate::catalog::{ColumnStatistics, TableRecord, TableStatistics, local_path};
use crate::execute::Query;
use crate::run;
use crate::session::EmbeddedSession;

/// What is asked of each column.
const ANSWERS: usize = 6;

/// Size and rows. What is known of columns stays while those stay the same.
pub async fn of_table(session: &EmbeddedSession, record: &TableRecord, no_scan: bool) -> Result<()> {
    let rows = if no_scan { None } else { Some(super::write::count_rows(session, record).await?) };
    let bytes = size(record);
    session.shared.catalog.alter_table(&record.id, |table| {
        let known = table.statistics.as_ref();
        let is_known = known.is_some_and(|known| known.bytes == bytes && (no_scan || known.rows == rows));
        if !is_known {
            table.statistics = Some(TableStatistics { bytes, rows, columns: Vec::new() });
        }
        Ok(())
    })
}

/// `FOR COLUMNS`, or `FOR ALL COLUMNS` when there are no names.
pub async fn of_columns(session: &EmbeddedSession, record: &TableRecord, names: &[String]) -> Result<()> {
    let fields = chosen(record, names)?;
    let parts: Vec<String> = fields.iter().map(|field| questions(field)).collect();
    let text = format!("SELECT count(*), {} FROM {}", parts.join(", "), record.id.quoted());
    let Plan::Relation(query) = hearth_sql::parse_statement(&text)? else {
        return Err(Error::internal("the question about columns is no query"));
    };
    let analyzed = run::analyze(session, &query).await?;
    let batches = Query::prepare(&session.shared.datafusion, &analyzed.plan).await?.collect().await?;
    let answers = batches.iter().find(|batch| batch.num_rows() == 1);
    let answers = answers.ok_or_else(|| Error::internal("the question about columns has no answer"))?;
    let rows = number(answers, 0)?;
    let mut found = Vec::with_capacity(fields.len());
    for (place, field) in fields.iter().enumerate() {
        found.push(answer(answers, 1 + place * ANSWERS, field, rows)?);
    }
    let bytes = size(record);
    session.shared.catalog.alter_table(&record.id, |table| {
        let mut columns = table.statistics.take().map(|known| known.columns).unwrap_or_default();
        columns.retain(|known| found.iter().all(|new| new.name != known.name));
        columns.extend(found);
        table.statistics = Some(TableStatistics { bytes, rows: Some(rows), columns });
        Ok(())
    })
}

fn chosen<'r>(record: &'r TableRecord, names: &[String]) -> Result<Vec<&'r StructField>> {
    let fields = &record.schema.fields;
    let known = |name: &String| {
        let found = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            COLUMN_NOT_FOUND
                .with("colName", quote(std::slice::from_ref(name)))
                .with("caseSensitiveConfig", "\"spark.sql.caseSensitive\"")
        })
    };
    let chosen: Vec<&StructField> =
        if names.is_empty() { fields.iter().collect() } else { names.iter().map(known).collect::<Result<_>>()? };
    match chosen.iter().find(|field| !is_known(&field.data_type)) {
        Some(field) => Err(ANALYZE_UNSUPPORTED_COLUMN_TYPE
            .with("columnName", quote(&[field.name.to_string()]))
            .with("columnType", format!("\"{}\"", field.data_type.sql()))
            .with("tableName", record.id.quoted())),
        None => Ok(chosen),
    }
}

fn is_known(data_type: &DataType) -> bool {
    has_range(data_type) || has_length(data_type)
}

fn has_range(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Boolean
            | DataType::Byte
            | DataType::Short
            | DataType::Integer
            | DataType::Long
            | DataType::Float
            | DataType::Double
            | DataType::Decimal { .. }
            | DataType::Date
            | DataType::Timestamp
            | DataType::TimestampNtz
    )
}

fn has_length(data_type: &DataType) -> bool {
    data_type.is_string() || matches!(data_type, DataType::Binary | DataType::Char { .. } | DataType::VarChar { .. })
}

/// Minimum, maximum, values, distinct values, average and greatest length, as texts and numbers.
fn questions(field: &StructField) -> String {
    let name = quote(&[field.name.to_string()]);
    let shown = |value: String| match field.data_type {
        DataType::Timestamp => {
            format!("date_format(to_utc_timestamp({value}, current_timezone()), 'yyyy-MM-dd HH:mm:ss.SSSSSS')")
        }
        DataType::TimestampNtz => format!("date_format({value}, 'yyyy-MM-dd HH:mm:ss.SSSSSS')"),
        _ => format!("CAST({value} AS STRING)"),
    };
    let range = match has_range(&field.data_type) {
        true => format!("{}, {}", shown(format!("min({name})")), shown(format!("max({name})"))),
        false => "CAST(NULL AS STRING), CAST(NULL AS STRING)".to_owned(),
    };
    let lengths = match has_length(&field.data_type) {
        true => format!("CAST(ceil(avg(length({name}))) AS BIGINT), CAST(max(length({name})) AS BIGINT)"),
        false => "CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)".to_owned(),
    };
    format!("{range}, count({name}), approx_count_distinct({name}), {lengths}")
}

fn answer(answers: &RecordBatch, start: usize, field: &StructField, rows: u64) -> Result<ColumnStatistics> {
    let text = |place: usize| -> Result<Option<String>> {
        let texts = cast(answers.column(start + place), &Arrow::Utf8).map_err(Error::internal)?;
        let texts = texts.as_string::<i32>();
        let zone = if field.data_type == DataType::Timestamp { " +0000" } else { "" };
        Ok((!texts.is_null(0)).then(|| format!("{}{zone}", texts.value(0))))
    };
    let values = number(answers, start + 2)?;
    let usual = usual_length(&field.data_type);
    let length = |place: usize| match answers.column(start + place).is_null(0) {
        true => Ok(usual),
        false => number(answers, start + place),
    };
    Ok(ColumnStatistics {
        name: field.name.to_string(),
        min: text(0)?,
        max: text(1)?,
        nulls: rows.saturating_sub(values),
        // There are no more different values than values.
        distinct: number(answers, start + 3)?.min(values),
        average_length: length(4)?,
        longest: length(5)?,
    })
}

fn number(answers: &RecordBatch, place: usize) -> Result<u64> {
    let numbers = cast(answers.column(place), &Arrow::UInt64).map_err(Error::internal)?;
    let numbers = numbers.as_primitive::<datafusion::arrow::datatypes::UInt64Type>();
    Ok(if numbers.is_null(0) { 0 } else { numbers.value(0) })
}

/// As Spark's `defaultSize` of types.
fn usual_length(data_type: &DataType) -> u64 {
    match data_type {
        DataType::Boolean | DataType::Byte => 1,
        DataType::Short => 2,
        DataType::Integer | DataType::Float | DataType::Date => 4,
        DataType::Decimal { precision, .. } if *precision > 18 => 16,
        DataType::Binary => 100,
        other if has_length(other) => 20,
        _ => 8,
    }
}

fn size(record: &TableRecord) -> u64 {
    local_path(record.location.as_deref().unwrap_or_default()).map_or(0, |folder| size_of(&folder))
}

/// The bytes of the data files below a folder.
fn size_of(folder: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let mut total = 0;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        total += match std::fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        };
    }
    total
}
