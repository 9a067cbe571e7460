//! The files of a read, and the values of their partition columns.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use hearth_base::Result;
use hearth_functions::Typed;
use hearth_functions::cast::{CastMode, cast};
use hearth_types::{DataType, StructField};

use super::files::{self, DataFile, Filter};
use super::{SourceRequest, partition};

/// A file to read.
#[derive(Debug, Clone)]
pub struct PlacedFile {
    pub path: PathBuf,
    pub bytes: u64,
    pub modified: SystemTime,
    /// One for each partition column.
    pub partition: Vec<ScalarValue>,
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
        let text = found.and_then(|(_, text)| text.clone());
        let literal = Typed::new(Expr::Literal(ScalarValue::Utf8(text), None), DataType::STRING, true);
        let typed = cast(literal, &field.data_type, CastMode::Legacy, request.settings)?;
        match typed.literal() {
            Some(value) => Ok(value.clone()),
            None => crate::constant::evaluate(&typed.expr),
        }
    };
    partitions.iter().map(value).collect()
}
