//! What a parquet file's footer says of its columns, in the form that the log has it: the number of rows, and for columns
//! that are no structs the smallest and the largest value and the number of NULLs. Readers leave out files by them.

use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use datafusion::parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use serde_json::{Map, Value, json};

/// Columns beyond this many have none, as in Delta.
const MAX_COLUMNS: usize = 32;
/// Longer texts have none: a shortened largest value would have to be rounded up.
const MAX_TEXT: usize = 32;

/// The statistics of a file as JSON; `None` when its footer cannot be read.
pub fn of_file(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let metadata = ArrowReaderMetadata::load(&file, Default::default()).ok()?;
    let (schema, parquet) = (metadata.schema(), metadata.metadata());
    let rows: i64 = parquet.row_groups().iter().map(|group| group.num_rows()).sum();
    let (mut least, mut most, mut nulls) = (Map::new(), Map::new(), Map::new());
    for field in schema.fields().iter().take(MAX_COLUMNS) {
        if field.data_type().is_nested() {
            continue;
        }
        let Ok(converter) = StatisticsConverter::try_new(field.name(), schema, parquet.file_metadata().schema_descr())
        else {
            continue;
        };
        let groups = parquet.row_groups();
        if let Ok(counts) = converter.row_group_null_counts(groups)
            && counts.null_count() == 0
        {
            nulls.insert(field.name().clone(), json!(counts.iter().flatten().sum::<u64>()));
        }
        if let (Ok(mins), Ok(maxes)) = (converter.row_group_mins(groups), converter.row_group_maxes(groups))
            && let (Some(min), Some(max)) = (bound(&mins, false), bound(&maxes, true))
        {
            least.insert(field.name().clone(), min);
            most.insert(field.name().clone(), max);
        }
    }
    Some(json!({ "numRecords": rows, "minValues": least, "maxValues": most, "nullCount": nulls }).to_string())
}

/// The smallest or the largest of the row groups' values.
fn bound(values: &ArrayRef, largest: bool) -> Option<Value> {
    if values.is_empty() || values.null_count() > 0 {
        return None;
    }
    match values.data_type() {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            let numbers = cast(values, &DataType::Int64).ok()?;
            let numbers = numbers.as_primitive::<Int64Type>().iter().flatten();
            let found = if largest { numbers.max() } else { numbers.min() };
            found.map(|number| json!(number))
        }
        DataType::Float32 | DataType::Float64 => {
            let numbers = cast(values, &DataType::Float64).ok()?;
            let numbers: Vec<f64> = numbers.as_primitive::<Float64Type>().iter().flatten().collect();
            if numbers.iter().any(|number| !number.is_finite()) {
                return None;
            }
            let pick = |left: f64, right: f64| if largest { left.max(right) } else { left.min(right) };
            numbers.into_iter().reduce(pick).map(|number| json!(number))
        }
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Date32 => {
            let texts = cast(values, &DataType::Utf8).ok()?;
            let texts = texts.as_string::<i32>().iter().flatten();
            let found = if largest { texts.max() } else { texts.min() }?;
            (found.len() <= MAX_TEXT).then(|| json!(found))
        }
        _ => None,
    }
}
