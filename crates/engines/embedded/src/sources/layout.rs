//! The files of a read, and the values of their partition columns.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, StructArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType as Arrow, Field};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use hearth_analyzer::FILE_METADATA;
use hearth_base::condition::{INVALID_PARTITION_VALUE, INVALID_REQUEST};
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
        let mut found: Vec<Found> = Vec::new();
        let mut bases: Vec<PathBuf> = base_path(request)?.into_iter().collect();
        let given = !bases.is_empty();
        for path in request.paths {
            for root in files::expand(path)? {
                recovery::finish(&root);
                let is_folder = root.is_dir();
                if !is_folder && files::is_hidden(&root) {
                    continue;
                }
                let base = if is_folder { root.clone() } else { parent(&root) };
                let all = files::list(&root)?.into_iter().filter(|file| filter.takes(file));
                found.extend(all.map(|file| Found { root: root.clone(), base: base.clone(), file }));
                if !given && !bases.contains(&base) {
                    bases.push(base);
                }
            }
        }
        if recursive || request.partition_columns.is_some() {
            return Self::known(request, found, recursive);
        }
        Self::discovered(request, found, &bases)
    }

    /// The files of a table, whose partition columns are known, or of a read without any.
    fn known(request: &SourceRequest<'_>, mut found: Vec<Found>, recursive: bool) -> Result<Self> {
        let partitions = if recursive { Vec::new() } else { known_partitions(request) };
        if partitions.is_empty() && !recursive {
            found.retain(Found::is_direct);
        }
        let mut files = Vec::with_capacity(found.len());
        for Found { base, file, .. } in found {
            let said = partition::values(&base, &file.path);
            let partition = values(request, &said, &partitions)?;
            files.push(PlacedFile { path: file.path, bytes: file.bytes, modified: file.modified, partition });
        }
        Ok(Self { files, partitions })
    }

    /// The files of folders that say themselves what their partition columns are.
    fn discovered(request: &SourceRequest<'_>, mut found: Vec<Found>, bases: &[PathBuf]) -> Result<Self> {
        let mut folders: Vec<(PathBuf, Vec<partition::Column>, PathBuf)> = Vec::new();
        let mut places: HashMap<PathBuf, usize> = HashMap::new();
        for one in &found {
            let folder = parent(&one.file.path);
            if !places.contains_key(&folder) {
                let (columns, base) = partition::columns_of(&folder, bases)?;
                places.insert(folder.clone(), folders.len());
                folders.push((folder, columns, base));
            }
        }
        let rules = partition::Rules {
            infers: super::is_true(request.option(super::PARTITION_TYPES), true),
            case_sensitive: request.settings.case_sensitive,
        };
        let mut partitions = partition::infer(&folders, rules)?;
        for field in &mut partitions {
            // A schema that names a partition column decides its type.
            if let Some(known) = field_named(request, &field.name) {
                *field = StructField { nullable: true, ..known.clone() };
            }
        }
        if partitions.is_empty() {
            // Folders that are no partitions are not looked into.
            found.retain(Found::is_direct);
        }
        let mut files = Vec::with_capacity(found.len());
        for Found { file, .. } in found {
            let place = places.get(&parent(&file.path)).and_then(|place| folders.get(*place));
            let said = place.map_or(&[][..], |(_, columns, _)| columns.as_slice());
            if said.is_empty() && !partitions.is_empty() {
                continue;
            }
            let partition = values(request, said, &partitions)?;
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

/// A file of a read, below the path that was asked for and the folder where partitions start.
struct Found {
    root: PathBuf,
    base: PathBuf,
    file: DataFile,
}

impl Found {
    fn is_direct(&self) -> bool {
        self.file.path == self.root || self.file.path.parent() == Some(&self.root)
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map_or_else(|| path.to_owned(), Path::to_path_buf)
}

/// The option `basePath`: where partitions start.
fn base_path(request: &SourceRequest<'_>) -> Result<Option<PathBuf>> {
    let Some(text) = request.option("basePath") else { return Ok(None) };
    let Some(base) = crate::catalog::local_path(text) else { return Ok(None) };
    if !base.exists() {
        return Err(INVALID_REQUEST.with("message", "Option 'basePath' not found"));
    }
    if !base.is_dir() {
        return Err(INVALID_REQUEST.with("message", "Option 'basePath' must be a directory"));
    }
    std::path::absolute(base).map(Some).map_err(Error::internal)
}

fn field_named<'r>(request: &SourceRequest<'r>, name: &str) -> Option<&'r StructField> {
    request.schema.and_then(|schema| schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)))
}

fn known_partitions(request: &SourceRequest<'_>) -> Vec<StructField> {
    let names = request.partition_columns.unwrap_or_default();
    names.iter().filter_map(|name| field_named(request, name)).cloned().collect()
}

/// What the folders of a file say, in the types of the partition columns.
fn values(
    request: &SourceRequest<'_>,
    said: &[partition::Column],
    partitions: &[StructField],
) -> Result<Vec<ScalarValue>> {
    let value = |field: &StructField| -> Result<ScalarValue> {
        let found = said.iter().find(|(name, _)| name.eq_ignore_ascii_case(&field.name));
        let text = found.and_then(|(_, text)| text.clone());
        let value = partition_value(text.clone(), field, request.settings)?;
        match text {
            Some(text) if value.is_null() && request.partition_columns.is_none() && request.schema.is_some() => {
                Err(INVALID_PARTITION_VALUE
                    .with("value", format!("'{text}'"))
                    .with("dataType", format!("\"{}\"", field.data_type.sql()))
                    .with("columnName", hearth_plan::identifier::quote(&[field.name.to_string()])))
            }
            Some(_) | None => Ok(value),
        }
    };
    partitions.iter().map(value).collect()
}

/// A partition's value from its text.
pub fn partition_value(text: Option<String>, field: &StructField, settings: &SessionSettings) -> Result<ScalarValue> {
    if field.data_type == DataType::Null {
        return Ok(ScalarValue::Null);
    }
    let literal = Typed::new(Expr::Literal(ScalarValue::Utf8(text), None), DataType::STRING, true);
    let typed = cast(literal, &field.data_type, CastMode::Legacy, settings)?;
    match typed.literal() {
        Some(value) => Ok(value.clone()),
        None => crate::constant::evaluate(&typed.expr),
    }
}
