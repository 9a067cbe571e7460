//! `to_json` and `to_csv`: values as text, with the patterns and zone that the options give.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType as ArrowType, Date32Type, Float32Type, Float64Type, TimestampMicrosecondType,
};
use hearth_base::{Error, Result};
use hearth_types::value_text::{TextStyle, format_value};
use hearth_types::{DataType, Zone};

use crate::kernels::datetime::overflow;
use crate::kernels::datetime::pattern::{Moment, Pattern};
use crate::kernels::json::value::write_string;
use crate::kernels::variant::VariantColumn;

/// As `Array::is_null`, also for a column of type NULL, which has no bitmap.
pub fn is_null(array: &dyn Array, row: usize) -> bool {
    *array.data_type() == ArrowType::Null || array.is_null(row)
}

/// How values are written.
#[derive(Debug, Clone)]
pub struct Writing {
    pub zone: Zone,
    pub zone_id: String,
    pub date: Pattern,
    pub timestamp: Pattern,
    pub wall_clock: Pattern,
    /// Fields that are NULL are left out.
    pub skip_nulls: bool,
}

impl Writing {
    /// The text of a date or timestamp; `None` for other types.
    pub fn moment(&self, array: &dyn Array, row: usize, data_type: &DataType) -> Result<Option<String>> {
        let (local_of, pattern) = match data_type {
            DataType::Date => (i64::from(array.as_primitive::<Date32Type>().value(row)) * 86_400_000_000, &self.date),
            DataType::Timestamp => (array.as_primitive::<TimestampMicrosecondType>().value(row), &self.timestamp),
            DataType::TimestampNtz => (array.as_primitive::<TimestampMicrosecondType>().value(row), &self.wall_clock),
            _ => return Ok(None),
        };
        let moment = if *data_type == DataType::Timestamp {
            Moment::of_instant(local_of, &self.zone, &self.zone_id)
        } else {
            Moment { local: local_of, offset: self.zone.offset_at(local_of), zone: &self.zone, zone_id: &self.zone_id }
        };
        let mut text = String::new();
        pattern.format(&moment, &mut text).ok_or_else(|| overflow("a date that the pattern cannot show"))?;
        Ok(Some(text))
    }

    /// Appends the JSON of a value.
    pub fn json(&self, array: &dyn Array, row: usize, data_type: &DataType, out: &mut String) -> Result<()> {
        if is_null(array, row) {
            out.push_str("null");
            return Ok(());
        }
        match data_type {
            DataType::Struct(structure) => {
                let values = array.as_struct();
                out.push('{');
                let mut first = true;
                for (index, field) in structure.fields.iter().enumerate() {
                    let column = values.column(index);
                    if self.skip_nulls && is_null(column.as_ref(), row) {
                        continue;
                    }
                    if !std::mem::take(&mut first) {
                        out.push(',');
                    }
                    write_string(&field.name, out);
                    out.push(':');
                    self.json(column, row, &field.data_type, out)?;
                }
                out.push('}');
            }
            DataType::Array(array_type) => {
                let elements = array.as_list::<i32>().value(row);
                out.push('[');
                for index in 0..elements.len() {
                    if index > 0 {
                        out.push(',');
                    }
                    self.json(&elements, index, &array_type.element, out)?;
                }
                out.push(']');
            }
            DataType::Map(map) => {
                let entries = array.as_map().value(row);
                out.push('{');
                for index in 0..entries.len() {
                    if index > 0 {
                        out.push(',');
                    }
                    let key = match &map.key {
                        // Spark writes its own form of these: a number of days or microseconds.
                        DataType::Date => entries.column(0).as_primitive::<Date32Type>().value(index).to_string(),
                        DataType::Timestamp | DataType::TimestampNtz => {
                            entries.column(0).as_primitive::<TimestampMicrosecondType>().value(index).to_string()
                        }
                        key => format_value(entries.column(0), index, key, &self.zone, TextStyle::Cast),
                    };
                    write_string(&key, out);
                    out.push(':');
                    self.json(entries.column(1), index, &map.value, out)?;
                }
                out.push('}');
            }
            DataType::Variant => {
                let column = VariantColumn::of(&datafusion::arrow::array::make_array(array.slice(row, 1).to_data()))?;
                match column.get(0) {
                    Some(variant) => variant.write_json(&self.zone, out)?,
                    None => out.push_str("null"),
                }
            }
            _ => self.json_scalar(array, row, data_type, out)?,
        }
        Ok(())
    }

    fn json_scalar(&self, array: &dyn Array, row: usize, data_type: &DataType, out: &mut String) -> Result<()> {
        let plain = match data_type {
            DataType::Boolean
            | DataType::Byte
            | DataType::Short
            | DataType::Integer
            | DataType::Long
            | DataType::Decimal { .. } => true,
            DataType::Float => array.as_primitive::<Float32Type>().value(row).is_finite(),
            DataType::Double => array.as_primitive::<Float64Type>().value(row).is_finite(),
            _ => false,
        };
        if *data_type == DataType::Binary {
            let bytes = cast(&datafusion::arrow::array::make_array(array.to_data()), &ArrowType::Binary)
                .map_err(|error| Error::internal(error.to_string()))?;
            out.push('"');
            crate::kernels::string::code::encode_base64(bytes.as_binary::<i32>().value(row), out);
            out.push('"');
            return Ok(());
        }
        if let Some(text) = self.moment(array, row, data_type)? {
            write_string(&text, out);
            return Ok(());
        }
        let text = format_value(array, row, data_type, &self.zone, TextStyle::Cast);
        if plain {
            out.push_str(&text);
        } else {
            write_string(&text, out);
        }
        Ok(())
    }
}
