//! Which columns go into files and which into the names of folders, and the rows of each folder.

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take_record_batch;
use datafusion::arrow::row::{RowConverter, SortField};
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_schema;
use hearth_types::value_text::{TextStyle, format_value};
use hearth_types::{StructField, StructType, Zone};
use std::collections::HashMap;

use crate::catalog::partitions;

/// The columns of a write, by their places in the query.
#[derive(Debug)]
pub struct Columns {
    /// Those in files.
    pub data: StructType,
    pub data_places: Vec<usize>,
    /// Those in folders, from the outside in.
    pub partition: Vec<StructField>,
    pub partition_places: Vec<usize>,
}

impl Columns {
    pub fn new(schema: &StructType, names: &[String]) -> Result<Self> {
        let place = |name: &String| {
            let found = schema.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name));
            found.ok_or_else(|| Error::internal(format!("the partition column {name} is no column of the query")))
        };
        let partition_places = names.iter().map(place).collect::<Result<Vec<_>>>()?;
        let data_places: Vec<_> = (0..schema.fields.len()).filter(|place| !partition_places.contains(place)).collect();
        Ok(Self {
            data: StructType::new(data_places.iter().map(|place| schema.fields[*place].clone())),
            // Folders are called as the write says.
            partition: partition_places
                .iter()
                .zip(names)
                .map(|(place, name)| StructField { name: name.as_str().into(), ..schema.fields[*place].clone() })
                .collect(),
            data_places,
            partition_places,
        })
    }
}

/// Rows of one folder, in their order.
#[derive(Debug)]
pub struct Share {
    /// `a=1/b=x`, escaped.
    pub folder: String,
    /// With all columns.
    pub rows: RecordBatch,
}

/// Cuts batches by folder.
#[derive(Debug)]
pub struct Splitter<'a> {
    columns: &'a Columns,
    converter: RowConverter,
    zone: Zone,
}

impl<'a> Splitter<'a> {
    pub fn new(columns: &'a Columns, zone: Zone) -> Result<Self> {
        let schema = to_engine_schema(&StructType::new(columns.partition.iter().cloned()));
        let fields = schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let converter = RowConverter::new(fields).map_err(Error::internal)?;
        Ok(Self { columns, converter, zone })
    }

    /// The shares of a batch, in the order of their first rows. Two of them may have the same folder: NULL and the
    /// empty string do.
    pub fn split(&self, batch: &RecordBatch) -> Result<Vec<Share>> {
        let keys: Vec<ArrayRef> = self.columns.partition_places.iter().map(|at| batch.column(*at).clone()).collect();
        let rows = self.converter.convert_columns(&keys).map_err(Error::internal)?;
        let mut groups: Vec<Vec<u32>> = Vec::new();
        let mut known = HashMap::new();
        for (row, number) in rows.iter().zip(0u32..) {
            let group = *known.entry(row).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(number);
        }
        let share = |group: Vec<u32>| -> Result<Share> {
            let folder = self.folder(batch, group.first().map_or(0, |row| *row as usize));
            let rows = if group.len() == batch.num_rows() {
                batch.clone()
            } else {
                take_record_batch(batch, &UInt32Array::from(group)).map_err(Error::internal)?
            };
            Ok(Share { folder, rows })
        };
        groups.into_iter().map(share).collect()
    }

    fn folder(&self, batch: &RecordBatch, row: usize) -> String {
        let columns = self.columns.partition.iter().zip(&self.columns.partition_places);
        let names = columns.map(|(field, place)| {
            let array = batch.column(*place);
            let value = array
                .is_valid(row)
                .then(|| format_value(array.as_ref(), row, &field.data_type, &self.zone, TextStyle::Cast));
            partitions::folder_name(&field.name, value.as_deref())
        });
        names.collect::<Vec<_>>().join("/")
    }
}
