//! Columns of whatever layout into exactly the layout that a schema asks for.
//!
//! Equal columns pass through untouched; relabelled ones (names, nullability, time zone) share their buffers. Only a
//! change of layout (views, large offsets, units) copies. Values of timestamps never change.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as Arrow, Field, FieldRef, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::FormatOptions;
use hearth_base::{Error, Result};

use super::to_wire_schema;
use crate::data_type::StructType;

/// The batch as a Spark Connect client expects it: columns by position, timestamps in `time_zone`.
pub fn cast_batch_to_wire(batch: &RecordBatch, structure: &StructType, time_zone: &str) -> Result<RecordBatch> {
    cast_batch_to(batch, &to_wire_schema(structure, time_zone))
}

/// `cast_batch_to_wire` with a schema made before, for streams of batches.
pub fn cast_batch_to(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    if batch.num_columns() != schema.fields().len() {
        return Err(Error::internal(format!(
            "a batch has {} columns where the schema has {}",
            batch.num_columns(),
            schema.fields().len()
        )));
    }
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| cast_array_to(column, field.data_type()))
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(broken)
}

/// One column in the layout of `target`.
pub fn cast_array_to(array: &ArrayRef, target: &Arrow) -> Result<ArrayRef> {
    if array.data_type() == target {
        return Ok(array.clone());
    }
    match (array.data_type(), target) {
        (Arrow::Null, _) => Ok(new_null_array(target, array.len())),
        (Arrow::Timestamp(TimeUnit::Microsecond, _), Arrow::Timestamp(TimeUnit::Microsecond, zone)) => {
            let values = array.as_primitive::<TimestampMicrosecondType>().clone();
            Ok(Arc::new(values.with_timezone_opt(zone.clone())))
        }
        // The zone first, so that the cast changes the unit only.
        (Arrow::Timestamp(_, zone), Arrow::Timestamp(TimeUnit::Microsecond, _)) => {
            let micros = plain_cast(array, &Arrow::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            cast_array_to(&micros, target)
        }
        (Arrow::List(_), Arrow::List(element)) => cast_list(array, element),
        (
            Arrow::LargeList(element)
            | Arrow::FixedSizeList(element, _)
            | Arrow::ListView(element)
            | Arrow::LargeListView(element),
            Arrow::List(_),
        ) => {
            let list = plain_cast(array, &Arrow::List(element.clone()))?;
            cast_array_to(&list, target)
        }
        (Arrow::Map(..), Arrow::Map(entries, sorted)) => cast_map(array, entries, *sorted),
        (Arrow::Struct(from), Arrow::Struct(to)) if from.len() == to.len() => {
            let source = array.as_struct();
            let columns = source
                .columns()
                .iter()
                .zip(to)
                .map(|(column, field)| cast_array_to(column, field.data_type()))
                .collect::<Result<Vec<_>>>()?;
            let cast = StructArray::try_new_with_length(to.clone(), columns, source.nulls().cloned(), source.len());
            Ok(Arc::new(cast.map_err(broken)?))
        }
        (Arrow::Dictionary(_, value), _) => {
            let values = plain_cast(array, value)?;
            cast_array_to(&values, target)
        }
        (_, _) => plain_cast(array, target),
    }
}

fn cast_list(array: &ArrayRef, element: &FieldRef) -> Result<ArrayRef> {
    let list = array.as_list::<i32>();
    let values = cast_array_to(list.values(), element.data_type())?;
    let list = ListArray::try_new(element.clone(), list.offsets().clone(), values, list.nulls().cloned());
    Ok(Arc::new(list.map_err(broken)?))
}

fn cast_map(array: &ArrayRef, entries: &Arc<Field>, sorted: bool) -> Result<ArrayRef> {
    let map = array.as_map();
    let source: ArrayRef = Arc::new(map.entries().clone());
    let cast = cast_array_to(&source, entries.data_type())?;
    let pairs = cast.as_struct().clone();
    let map = MapArray::try_new(entries.clone(), map.offsets().clone(), pairs, map.nulls().cloned(), sorted);
    Ok(Arc::new(map.map_err(broken)?))
}

fn plain_cast(array: &ArrayRef, target: &Arrow) -> Result<ArrayRef> {
    // A value that does not fit is a defect of the plan: it must not become NULL silently.
    let options = CastOptions { safe: false, format_options: FormatOptions::default() };
    cast_with_options(array, target, &options).map_err(broken)
}

fn broken(error: arrow::error::ArrowError) -> Error {
    Error::internal(format!("a column does not fit its schema: {error}")).caused_by(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use arrow::array::{BinaryViewArray, LargeListArray, StringViewArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Int32Type, Schema};

    use super::*;
    use crate::data_type::{DataType, StructField};

    #[test]
    fn other_layouts_become_the_wire_form_and_keep_their_values() {
        let list = LargeListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
        let views: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        let inner = Field::new("old name", Arrow::Utf8View, true);
        let columns: Vec<ArrayRef> = vec![
            views.clone(),
            Arc::new(BinaryViewArray::from(vec![Some(b"x".as_slice()), None])),
            Arc::new(list),
            Arc::new(TimestampMicrosecondArray::from(vec![1, 2]).with_timezone("UTC")),
            Arc::new(StructArray::try_new(vec![inner].into(), vec![views], None).unwrap()),
        ];
        let fields: Vec<_> = columns.iter().map(|c| Field::new("?", c.data_type().clone(), true)).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        let field = |name: &str, data_type: DataType| StructField::new(name, data_type, true);
        let structure = StructType::new([
            field("s", DataType::STRING),
            field("b", DataType::Binary),
            field("l", DataType::array(DataType::Integer, true)),
            StructField::new("t", DataType::Timestamp, false),
            field("n", DataType::structure([field("x", DataType::STRING)])),
        ]);
        let wire = cast_batch_to_wire(&batch, &structure, "Europe/Berlin").unwrap();
        assert_eq!(wire.schema(), to_wire_schema(&structure, "Europe/Berlin"));
        assert_eq!(wire.column(0).as_string::<i32>().value(0), "a");
        assert_eq!(wire.column(3).as_primitive::<TimestampMicrosecondType>().values(), &[1, 2]);
        assert_eq!(wire.column(2).as_list::<i32>().value(0).len(), 2);
        assert!(wire.column(4).as_struct().column(0).is_null(1));
    }

    #[test]
    fn batch_without_columns_keeps_its_rows() {
        let options = RecordBatchOptions::new().with_row_count(Some(3));
        let schema = Arc::new(Schema::empty().with_metadata([("a".into(), "b".into())].into()));
        let batch = RecordBatch::try_new_with_options(schema, vec![], &options).unwrap();
        assert_eq!(cast_batch_to_wire(&batch, &StructType::default(), "UTC").unwrap().num_rows(), 3);
    }
}
