//! The files of a read, and the values of their partition columns.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, StructArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType as Arrow, Field};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use hearth_analyzer::FILE_METADATA;
use hearth_base::{Error, Result};
use hearth_functions::cast::{CastMode, cast};
use hearth_functions::{SessionSettings, Typed};
use hearth_types::arrow::{cast_array_to, to_engine_arrow};
use hearth_types::{DataType, StructField};

use super::files::{self, DataFile, Filter};
use super::{SourceRequest, partition};
use crate::catalog::location_uri;
use crate::sinks::recovery;

/// A file to read.
#[derive(Debug, Clone)]
pub struct PlacedFile {
    pub path: PathBuf,
    pub bytes: u64,
    pub modified: SystemTime,
    /// One for each partition column.
    pub partition: Vec<ScalarValue>,
}

/// The type of the hidden column that tells of a row's file.
pub fn metadata_type() -> DataType {
    let field = |name: &str, data_type: DataType| StructField::new(name, data_type, false);
    DataType::structure([
        field("file_path", DataType::STRING),
        field("file_name", DataType::STRING),
        field("file_size", DataType::Long),
        field("file_block_start", DataType::Long),
        field("file_block_length", DataType::Long),
        field("file_modification_time", DataType::Timestamp),
    ])
}

/// That column in the engine's form.
pub fn metadata_field() -> Field {
    Field::new(FILE_METADATA, to_engine_arrow(&metadata_type()), false)
}

/// What a file tells of itself.
pub fn metadata(path: &Path, bytes: u64, modified: SystemTime) -> Result<ScalarValue> {
    let long = |number: u64| Arc::new(Int64Array::from(vec![i64::try_from(number).unwrap_or(i64::MAX)])) as ArrayRef;
    let text = |text: String| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let millis = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let micros = i64::try_from(millis.saturating_mul(1000)).unwrap_or(i64::MAX);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let columns: Vec<ArrayRef> = vec![
        text(location_uri(&path.to_string_lossy())),
        text(name),
        long(bytes),
        long(0),
        long(bytes),
        Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC")),
    ];
    let Arrow::Struct(fields) = to_engine_arrow(&metadata_type()) else {
        return Err(Error::internal("what a file tells of itself is no struct"));
    };
    let columns = columns.iter().zip(&fields).map(|(column, field)| cast_array_to(column, field.data_type()));
    let values = StructArray::try_new(fields.clone(), columns.collect::<Result<_>>()?, None);
    Ok(ScalarValue::Struct(Arc::new(values.map_err(Error::internal)?)))
}

/// All files, in the order of their paths.
#[derive(Debug, Clone)]
pub struct Layout {
    pub files: Vec<PlacedFile>,
    pub partitions: Vec<StructField>,
}

impl Layout {
    pub fn find(request: &SourceRequest<'_>) -> Result<Self> {
        let recursive = super::is_true(request.option("recursiveFileLookup"), false);
        let filter = Filter::new(request)?;
        let mut found: Vec<(PathBuf, PathBuf, DataFile)> = Vec::new();
        for path in request.paths {
            for root in files::expand(path)? {
                recovery::finish(&root);
                let base = match request.option("basePath").and_then(crate::catalog::local_path) {
                    Some(base) => base,
                    None if root.is_dir() => root.clone(),
                    None => root.parent().map_or_else(|| root.clone(), Path::to_path_buf),
                };
                let all = files::list(&root)?.into_iter().filter(|file| filter.takes(file));
                found.extend(all.map(|file| (root.clone(), base.clone(), file)));
            }
        }
        let partitions = if recursive { Vec::new() } else { partitions_of(request, &found) };
        if partitions.is_empty() && !recursive {
            // Folders that are no partitions are not looked into.
            found.retain(|(root, _, file)| file.path == *root || file.path.parent() == Some(root));
        }
        let mut files = Vec::with_capacity(found.len());
        for (_, base, file) in found {
            let partition = values(request, &base, &file.path, &partitions)?;
            files.push(PlacedFile { path: file.path, bytes: file.bytes, modified: file.modified, partition });
        }
        Ok(Self { files, partitions })
    }

    /// Those of `columns` that are in the files.
    pub fn without_partitions(&self, columns: &[StructField]) -> Vec<StructField> {
        let is_partition =
            |field: &StructField| self.partitions.iter().any(|known| known.name.eq_ignore_ascii_case(&field.name));
        columns.iter().filter(|field| !is_partition(field)).cloned().collect()
    }
}

fn partitions_of(request: &SourceRequest<'_>, found: &[(PathBuf, PathBuf, DataFile)]) -> Vec<StructField> {
    let known = |name: &str| {
        request.schema.and_then(|schema| schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)))
    };
    if let Some(names) = request.partition_columns {
        return names.iter().filter_map(|name| known(name)).cloned().collect();
    }
    let paths: Vec<_> = found.iter().map(|(_, base, file)| (base.as_path(), file.path.as_path())).collect();
    let mut fields = partition::infer(&paths);
    for field in &mut fields {
        // A schema that names a partition column decides its type.
        if let Some(known) = known(&field.name) {
            field.data_type = known.data_type.clone();
        }
    }
    fields
}

/// What the folders of a file say, in the types of the partition columns.
fn values(
    request: &SourceRequest<'_>,
    base: &Path,
    file: &Path,
    partitions: &[StructField],
) -> Result<Vec<ScalarValue>> {
    let said = partition::values(base, file);
    let value = |field: &StructField| -> Result<ScalarValue> {
        let found = said.iter().find(|(name, _)| name.eq_ignore_ascii_case(&field.name));
        partition_value(found.and_then(|(_, text)| text.clone()), field, request.settings)
    };
    partitions.iter().map(value).collect()
}

/// A partition's value from its text.
pub fn partition_value(text: Option<String>, field: &StructField, settings: &SessionSettings) -> Result<ScalarValue> {
    let literal = Typed::new(Expr::Literal(ScalarValue::Utf8(text), None), DataType::STRING, true);
    let typed = cast(literal, &field.data_type, CastMode::Legacy, settings)?;
    match typed.literal() {
        Some(value) => Ok(value.clone()),
        None => crate::constant::evaluate(&typed.expr),
    }
}
