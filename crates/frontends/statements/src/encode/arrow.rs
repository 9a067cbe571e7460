//! Rows as Arrow IPC streams: decoded, cut, joined, compressed.
//!
//! What core stores is already in the form that clients get, but for variants, which leave as JSON text. A stored batch
//! without them goes out byte for byte.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, StringBuilder, StructArray};
use arrow::buffer::Buffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Fields, Schema};
use arrow::error::ArrowError;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use bytes::Bytes;
use hearth_base::{Error, Result};
use hearth_types::arrow::cast_batch_to;
use hearth_types::variant_text::write_json;
use hearth_types::{DataType, StructType, Zone};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

/// Reads an IPC stream. The columns share the memory of `stream`.
pub fn decode(stream: &Bytes) -> Result<RecordBatch> {
    let mut decoder = StreamDecoder::new();
    let mut rest = Buffer::from(stream.clone());
    let mut batches = Vec::new();
    while let Some(batch) = decoder.decode(&mut rest).map_err(damaged)? {
        batches.push(batch);
    }
    decoder.finish().map_err(damaged)?;
    match (batches.as_slice(), decoder.schema()) {
        ([batch], _) => Ok(batch.clone()),
        (_, Some(schema)) => concat_batches(&schema, &batches).map_err(damaged),
        (_, None) => Err(Error::internal("a stored batch has no schema")),
    }
}

/// One LZ4 frame, with its content's size. Its blocks are independent of each other, as lz4-java reads no others.
pub fn lz4(data: &[u8]) -> Result<Bytes> {
    let failed = |error| Error::internal("a chunk does not compress").caused_by(error);
    let info = FrameInfo::new()
        .content_size(Some(data.len() as u64))
        .block_size(BlockSize::Max1MB)
        .block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::with_capacity(data.len() / 2 + 64));
    encoder.write_all(data).map_err(|error| failed(lz4_flex::frame::Error::from(error)))?;
    encoder.finish().map(Bytes::from).map_err(failed)
}

/// The session time zone in which a stored batch was made: its timestamps name it.
pub fn zone_of(schema: &Schema) -> Zone {
    fn zone(data_type: &ArrowType) -> Option<&str> {
        match data_type {
            ArrowType::Timestamp(_, zone) => zone.as_deref(),
            ArrowType::Struct(fields) => fields.iter().find_map(|field| zone(field.data_type())),
            ArrowType::List(field) | ArrowType::LargeList(field) | ArrowType::Map(field, _) => zone(field.data_type()),
            _ => None,
        }
    }
    schema.fields().iter().find_map(|field| zone(field.data_type())).and_then(Zone::parse).unwrap_or(Zone::UTC)
}

/// Writes IPC streams of one result.
#[derive(Debug, Clone)]
pub struct StreamEncoder {
    columns: StructType,
    zone: Zone,
    has_variants: bool,
}

impl StreamEncoder {
    /// `zone` is the session time zone, in which the texts of variants show timestamps.
    pub fn new(columns: &StructType, zone: Zone) -> Self {
        let has_variants = columns.fields.iter().any(|field| holds_variant(&field.data_type));
        Self { columns: columns.clone(), zone, has_variants }
    }

    /// A stored stream in the form that clients get.
    pub fn whole(&self, stored: &Bytes) -> Result<Bytes> {
        if self.has_variants { self.encode(&[decode(stored)?]) } else { Ok(stored.clone()) }
    }

    /// Some rows of a stored stream; what lies behind its end is left out.
    pub fn rows(&self, stored: &Bytes, offset: usize, length: usize) -> Result<Bytes> {
        let batch = decode(stored)?;
        let offset = offset.min(batch.num_rows());
        let length = length.min(batch.num_rows() - offset);
        if length == batch.num_rows() {
            return self.whole(stored);
        }
        self.encode(&[batch.slice(offset, length)])
    }

    /// Stored streams as one stream, with a record batch for each.
    pub fn join(&self, stored: &[Bytes]) -> Result<Bytes> {
        match stored {
            [only] => self.whole(only),
            _ => self.encode(&stored.iter().map(decode).collect::<Result<Vec<_>>>()?),
        }
    }

    /// Decoded batches, at least one, as one stream.
    pub fn encode(&self, batches: &[RecordBatch]) -> Result<Bytes> {
        let batches = batches.iter().map(|batch| self.to_client_form(batch)).collect::<Result<Vec<_>>>()?;
        let first = batches.first().ok_or_else(|| Error::internal("a stream needs a batch for its schema"))?;
        let schema = first.schema();
        let size: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
        let mut writer =
            StreamWriter::try_new(Vec::with_capacity(size.min(8 << 20) + 1024), &schema).map_err(broken)?;
        for batch in &batches {
            writer.write(&cast_batch_to(batch, &schema)?).map_err(broken)?;
        }
        writer.into_inner().map(Bytes::from).map_err(broken)
    }

    /// Variants as text, and no metadata on the schema.
    fn to_client_form(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        if !self.has_variants && batch.schema_ref().metadata().is_empty() {
            return Ok(batch.clone());
        }
        let mut fields = Vec::with_capacity(batch.num_columns());
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (index, column) in batch.columns().iter().enumerate() {
            let field = Arc::clone(&batch.schema_ref().fields()[index]);
            let column = match self.columns.fields.get(index) {
                Some(declared) => self.variants_as_text(column, &declared.data_type)?,
                None => Arc::clone(column),
            };
            fields.push(retyped(&field, &column));
            columns.push(column);
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(broken)
    }

    fn variants_as_text(&self, array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
        if !holds_variant(data_type) {
            return Ok(Arc::clone(array));
        }
        let text = match data_type {
            DataType::Variant => self.variant_texts(array.as_ref())?,
            DataType::Array(list) => match array.as_list_opt::<i32>() {
                Some(array) => {
                    let values = self.variants_as_text(array.values(), &list.element)?;
                    let arrow::datatypes::DataType::List(element) = array.data_type() else { return Err(unlike()) };
                    let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
                    let list = ListArray::try_new(retyped(element, &values), offsets, values, nulls);
                    Some(Arc::new(list.map_err(broken)?) as ArrayRef)
                }
                None => None,
            },
            DataType::Map(map) => match array.as_map_opt() {
                Some(array) => Some(self.map_texts(array, &map.key, &map.value)?),
                None => None,
            },
            DataType::Struct(structure) => match array.as_struct_opt() {
                Some(array) => {
                    let types = structure.fields.iter().map(|field| &field.data_type);
                    Some(Arc::new(self.struct_texts(array, types)?) as ArrayRef)
                }
                None => None,
            },
            DataType::Udt(udt) => Some(self.variants_as_text(array, &udt.sql_type)?),
            _ => None,
        };
        text.ok_or_else(unlike)
    }

    /// `None` when the array is no variant.
    fn variant_texts(&self, array: &dyn Array) -> Result<Option<ArrayRef>> {
        let parts = array.as_struct_opt();
        let part = |name| parts?.column_by_name(name)?.as_binary_opt::<i32>();
        let (Some(values), Some(metadata)) = (part("value"), part("metadata")) else { return Ok(None) };
        let mut texts = StringBuilder::new();
        let mut text = String::new();
        for row in 0..array.len() {
            if array.is_null(row) {
                texts.append_null();
                continue;
            }
            text.clear();
            write_json(&mut text, values.value(row), metadata.value(row), &self.zone).map_err(super::unwritable)?;
            texts.append_value(&text);
        }
        Ok(Some(Arc::new(texts.finish())))
    }

    fn map_texts(&self, array: &MapArray, key: &DataType, value: &DataType) -> Result<ArrayRef> {
        let arrow::datatypes::DataType::Map(entries, sorted) = array.data_type() else { return Err(unlike()) };
        let pairs = self.struct_texts(array.entries(), [key, value].into_iter())?;
        let entries = Arc::new(entries.as_ref().clone().with_data_type(pairs.data_type().clone()));
        let map = MapArray::try_new(entries, array.offsets().clone(), pairs, array.nulls().cloned(), *sorted);
        Ok(Arc::new(map.map_err(broken)?))
    }

    fn struct_texts<'a>(&self, array: &StructArray, types: impl Iterator<Item = &'a DataType>) -> Result<StructArray> {
        let mut fields = Vec::with_capacity(array.num_columns());
        let mut columns = Vec::with_capacity(array.num_columns());
        for ((column, field), data_type) in array.columns().iter().zip(array.fields()).zip(types) {
            let column = self.variants_as_text(column, data_type)?;
            fields.push(retyped(field, &column));
            columns.push(column);
        }
        let (fields, nulls) = (Fields::from(fields), array.nulls().cloned());
        StructArray::try_new_with_length(fields, columns, nulls, array.len()).map_err(broken)
    }
}

fn retyped(field: &FieldRef, column: &ArrayRef) -> FieldRef {
    if field.data_type() == column.data_type() {
        return Arc::clone(field);
    }
    Arc::new(Field::new(field.name(), column.data_type().clone(), field.is_nullable()))
}

fn holds_variant(data_type: &DataType) -> bool {
    match data_type {
        DataType::Variant => true,
        DataType::Array(array) => holds_variant(&array.element),
        DataType::Map(map) => holds_variant(&map.key) || holds_variant(&map.value),
        DataType::Struct(structure) => structure.fields.iter().any(|field| holds_variant(&field.data_type)),
        DataType::Udt(udt) => holds_variant(&udt.sql_type),
        DataType::Null
        | DataType::Boolean
        | DataType::Byte
        | DataType::Short
        | DataType::Integer
        | DataType::Long
        | DataType::Float
        | DataType::Double
        | DataType::Decimal { .. }
        | DataType::String { .. }
        | DataType::Char { .. }
        | DataType::VarChar { .. }
        | DataType::Binary
        | DataType::Date
        | DataType::Timestamp
        | DataType::TimestampNtz
        | DataType::Time { .. }
        | DataType::CalendarInterval
        | DataType::YearMonthInterval { .. }
        | DataType::DayTimeInterval { .. }
        | DataType::Geometry { .. }
        | DataType::Geography { .. } => false,
    }
}

fn unlike() -> Error {
    Error::internal("a stored column is not laid out as its type says")
}

fn damaged(error: ArrowError) -> Error {
    Error::internal("a stored batch does not read as Arrow IPC").caused_by(error)
}

fn broken(error: ArrowError) -> Error {
    Error::internal("a batch does not encode as Arrow IPC").caused_by(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::io::Read;

    use arrow::array::{Int32Array, StringArray};
    use arrow::datatypes::{DataType as Arrow, Int32Type, IntervalUnit, SchemaRef, TimeUnit};
    use hearth_types::arrow::{to_wire_arrow, to_wire_schema};
    use hearth_types::{StructField, YearMonthField};

    use super::super::cells::tests::variants;
    use super::*;

    fn field(name: &str, data_type: DataType) -> StructField {
        StructField::new(name, data_type, true)
    }

    /// As core stores a batch.
    fn stored(batch: &RecordBatch) -> Bytes {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        Bytes::from(writer.into_inner().unwrap())
    }

    fn sample() -> (StructType, SchemaRef) {
        let columns =
            StructType::new([StructField::new("id", DataType::Integer, false), field("name", DataType::STRING)]);
        let schema = to_wire_schema(&columns, "UTC");
        (columns, schema)
    }

    fn batch(schema: &SchemaRef, ids: std::ops::Range<i32>) -> RecordBatch {
        let names: StringArray = ids.clone().map(|id| (id % 3 > 0).then(|| format!("n{id}"))).collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(Int32Array::from_iter_values(ids)), Arc::new(names)];
        RecordBatch::try_new(schema.clone(), columns).unwrap()
    }

    #[test]
    fn stored_stream_without_variants_goes_out_as_it_is() {
        let (columns, schema) = sample();
        let stream = stored(&batch(&schema, 0..10));
        let encoder = StreamEncoder::new(&columns, Zone::UTC);
        assert_eq!(encoder.whole(&stream).unwrap().as_ptr(), stream.as_ptr());
        assert_eq!(encoder.rows(&stream, 0, 10).unwrap().as_ptr(), stream.as_ptr());
        assert_eq!(decode(&stream).unwrap(), batch(&schema, 0..10));
    }

    #[test]
    fn rows_cut_out_carry_only_their_bytes() {
        let (columns, schema) = sample();
        let stream = stored(&batch(&schema, 0..10_000));
        let encoder = StreamEncoder::new(&columns, Zone::UTC);
        let cut = encoder.rows(&stream, 5000, 3).unwrap();
        assert_eq!(decode(&cut).unwrap(), batch(&schema, 5000..5003));
        assert!(cut.len() < 2000, "{} bytes", cut.len());
        assert_eq!(decode(&encoder.rows(&stream, 9_999, 100).unwrap()).unwrap().num_rows(), 1);
        let none = decode(&encoder.rows(&stream, 20_000, 5).unwrap()).unwrap();
        assert_eq!((none.num_rows(), none.schema()), (0, schema));
    }

    #[test]
    fn joined_streams_are_one_stream_with_all_rows() {
        let (columns, schema) = sample();
        let encoder = StreamEncoder::new(&columns, Zone::UTC);
        let parts = [stored(&batch(&schema, 0..10)), stored(&batch(&schema, 10..11)), stored(&batch(&schema, 11..30))];
        let joined = encoder.join(&parts).unwrap();
        assert_eq!(decode(&joined).unwrap(), batch(&schema, 0..30));
        assert!(encoder.join(&[]).is_err());
    }

    #[test]
    fn metadata_of_the_schema_stays_behind_when_rows_are_cut() {
        let (columns, schema) = sample();
        let marked = Arc::new(schema.as_ref().clone().with_metadata([("a".into(), "b".into())].into()));
        let stream = stored(&batch(&marked, 0..10));
        let cut = StreamEncoder::new(&columns, Zone::UTC).rows(&stream, 1, 2).unwrap();
        assert_eq!(decode(&cut).unwrap(), batch(&schema, 1..3));
    }

    #[test]
    fn variants_leave_as_text_wherever_they_stand() {
        let columns = StructType::new([
            field("v", DataType::Variant),
            field("s", DataType::structure([field("v", DataType::Variant), field("n", DataType::Integer)])),
            field("l", DataType::array(DataType::Variant, true)),
            field("m", DataType::map(DataType::Integer, DataType::Variant, true)),
        ]);
        let schema = to_wire_schema(&columns, "UTC");
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
        let Arrow::Struct(fields) = schema.field(1).data_type() else { panic!() };
        let structs = StructArray::try_new(fields.clone(), vec![variants(), numbers.clone()], None).unwrap();
        let Arrow::List(element) = schema.field(2).data_type() else { panic!() };
        let offsets = arrow::buffer::OffsetBuffer::from_lengths([2, 0]);
        let lists = ListArray::try_new(element.clone(), offsets.clone(), variants(), None).unwrap();
        let Arrow::Map(entries, _) = schema.field(3).data_type() else { panic!() };
        let Arrow::Struct(fields) = entries.data_type() else { panic!() };
        let pairs = StructArray::try_new(fields.clone(), vec![numbers, variants()], None).unwrap();
        let maps = MapArray::try_new(entries.clone(), offsets, pairs, None, false).unwrap();
        let arrays: Vec<ArrayRef> = vec![variants(), Arc::new(structs), Arc::new(lists), Arc::new(maps)];
        let batch = RecordBatch::try_new(schema, arrays).unwrap();
        let stream = StreamEncoder::new(&columns, Zone::UTC).whole(&stored(&batch)).unwrap();
        let sent = decode(&stream).unwrap();
        let expected: ArrayRef = Arc::new(StringArray::from(vec![Some(r#"{"a":[1,null,"x"]}"#), None]));
        assert_eq!(sent.column(0), &expected);
        assert_eq!(sent.column(1).as_struct().column(0), &expected);
        assert_eq!(sent.column(1).as_struct().column(1).as_primitive::<Int32Type>().values(), &[1, 2]);
        assert_eq!(sent.column(2).as_list::<i32>().values(), &expected);
        assert_eq!(sent.column(3).as_map().values(), &expected);
        assert_eq!(sent.schema().field(1).name(), "s");
    }

    #[test]
    fn types_on_the_wire_are_those_of_the_service() {
        let micros = |zone: Option<&str>| Arrow::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        let cases = [
            (DataType::Null, Arrow::Null),
            (DataType::STRING, Arrow::Utf8),
            (DataType::Binary, Arrow::Binary),
            (DataType::Date, Arrow::Date32),
            (DataType::Timestamp, micros(Some("America/Los_Angeles"))),
            (DataType::TimestampNtz, micros(None)),
            (DataType::Decimal { precision: 18, scale: 2 }, Arrow::Decimal128(18, 2)),
            (
                DataType::YearMonthInterval { start: YearMonthField::Year, end: YearMonthField::Year },
                Arrow::Interval(IntervalUnit::YearMonth),
            ),
            (DataType::DAY_TIME, Arrow::Duration(TimeUnit::Microsecond)),
        ];
        for (data_type, expected) in cases {
            assert_eq!(to_wire_arrow(&data_type, "America/Los_Angeles"), expected);
        }
    }

    #[test]
    fn frame_has_its_size_and_independent_blocks_and_reads_back() {
        let data: Vec<u8> = (0..3_000_000u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
        for data in [&data[..], &data[..100], &[]] {
            let frame = lz4(data).unwrap();
            assert_eq!(&frame[..4], &0x184D_2204u32.to_le_bytes());
            // Version 1, independent blocks, content size.
            assert_eq!(frame[4] & 0b1110_1000, 0b0110_1000);
            assert_eq!(&frame[6..14], &(data.len() as u64).to_le_bytes());
            let mut back = Vec::new();
            lz4_flex::frame::FrameDecoder::new(&frame[..]).read_to_end(&mut back).unwrap();
            assert_eq!(back, data);
        }
    }

    #[test]
    fn damaged_streams_are_errors() {
        let (_, schema) = sample();
        let stream = stored(&batch(&schema, 0..10));
        assert!(decode(&Bytes::new()).is_err());
        assert!(decode(&stream.slice(..stream.len() / 2)).is_err());
        assert!(decode(&Bytes::from_static(b"not arrow at all")).is_err());
    }
}
