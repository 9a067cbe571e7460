//! Which columns of parquet files may be read as which types: what Spark's readers convert. The rest is an error of the
//! query that reads the column, never a cast.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType as Arrow, Fields, SchemaRef, TimeUnit};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};
use hearth_base::Error;
use hearth_base::condition::PARQUET_COLUMN_DATA_TYPE_MISMATCH;
use hearth_types::arrow::{from_arrow_field, to_engine_arrow};

use super::super::layout::PlacedFile;
use super::schema;

/// Refuses columns that are not read as what was asked for, before `inner` adapts the rest.
#[derive(Debug)]
pub struct Checked<F> {
    pub inner: F,
    pub files: Arc<[PlacedFile]>,
}

impl<F: PhysicalExprAdapterFactory> PhysicalExprAdapterFactory for Checked<F> {
    fn create(&self, logical: SchemaRef, physical: SchemaRef) -> DfResult<Arc<dyn PhysicalExprAdapter>> {
        let inner = self.inner.create(Arc::clone(&logical), Arc::clone(&physical))?;
        let fields = logical.fields().iter().filter_map(|field| {
            let (_, found) = physical.column_with_name(field.name())?;
            (!reads(found.data_type(), field.data_type())).then(|| {
                let error = mismatch(&self.files, field.name(), found.data_type(), field.data_type());
                (field.name().clone(), error)
            })
        });
        Ok(Arc::new(Adapter { refused: fields.collect(), inner }))
    }
}

#[derive(Debug)]
struct Adapter {
    /// Columns by name, and what is said when one of them is read.
    refused: Vec<(String, Error)>,
    inner: Arc<dyn PhysicalExprAdapter>,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> DfResult<Arc<dyn PhysicalExpr>> {
        if !self.refused.is_empty() {
            expr.apply(|node| {
                let any = node.as_ref() as &dyn std::any::Any;
                let column = any.downcast_ref::<Column>();
                match column.and_then(|column| self.refused.iter().find(|(name, _)| name == column.name())) {
                    Some((_, error)) => Err(DataFusionError::External(Box::new(error.clone()))),
                    None => Ok(TreeNodeRecursion::Continue),
                }
            })?;
        }
        self.inner.rewrite(expr)
    }
}

/// Whether a column of a file is read as a type.
fn reads(file: &Arrow, wanted: &Arrow) -> bool {
    use Arrow as A;
    match (file, wanted) {
        (file, wanted) if file == wanted => true,
        (_, A::Null) | (A::Null, _) => true,
        (A::UInt32, A::Int64) => true,
        (A::Int8 | A::Int16 | A::Int32 | A::UInt8 | A::UInt16 | A::UInt32, wanted) => match wanted {
            A::Int8 | A::Int16 | A::Int32 | A::Int64 | A::Float64 | A::Date32 | A::Interval(_) => true,
            A::Decimal128(precision, scale) => i16::from(*precision) - i16::from(*scale) >= 10,
            _ => false,
        },
        (A::Int64 | A::UInt64, wanted) => match wanted {
            A::Int64 | A::Duration(_) => true,
            A::Decimal128(precision, scale) => i16::from(*precision) - i16::from(*scale) >= 20,
            _ => false,
        },
        (A::Date32, wanted) => matches!(wanted, A::Int32 | A::Timestamp(_, None)),
        (A::Float32, wanted) => matches!(wanted, A::Float64),
        (A::Float64 | A::Boolean, _) => false,
        (A::Timestamp(_, _), wanted) => matches!(wanted, A::Timestamp(_, _) | A::Int64),
        (A::Decimal128(p1, s1) | A::Decimal256(p1, s1), A::Decimal128(p2, s2)) => {
            let more = i16::from(*s2) - i16::from(*s1);
            more >= 0 && i16::from(*p2) - i16::from(*p1) >= more
        }
        (A::Decimal128(_, _) | A::Decimal256(_, _), _) => false,
        (A::Utf8 | A::LargeUtf8 | A::Utf8View | A::Binary | A::LargeBinary | A::BinaryView, wanted) => {
            matches!(
                wanted,
                A::Utf8 | A::LargeUtf8 | A::Utf8View | A::Binary | A::LargeBinary | A::BinaryView | A::Struct(_)
            )
        }
        (A::List(file), A::List(wanted)) => reads(file.data_type(), wanted.data_type()),
        (A::Map(file, _), A::Map(wanted, _)) => reads(file.data_type(), wanted.data_type()),
        (A::Struct(file), A::Struct(wanted)) => reads_fields(file, wanted),
        // Whatever else there is gets cast, or not.
        (_, _) => true,
    }
}

fn reads_fields(file: &Fields, wanted: &Fields) -> bool {
    wanted.iter().all(|field| match file.find(field.name()) {
        Some((_, found)) => reads(found.data_type(), field.data_type()),
        None => true,
    })
}

/// The error of a column, with the first file that has it in that form.
fn mismatch(files: &[PlacedFile], name: &str, found: &Arrow, wanted: &Arrow) -> Error {
    let has_it = |file: &&PlacedFile| {
        let columns = schema::read(&file.path).unwrap_or_default();
        let column = columns.iter().find(|column| *column.name == *name);
        column.is_some_and(|column| !reads(&to_engine_arrow(&column.data_type), wanted))
    };
    let file = if files.len() == 1 { files.first() } else { files.iter().find(has_it) };
    let path = file.map(|file| format!("file://{}", file.path.display())).unwrap_or_default();
    let field = datafusion::arrow::datatypes::Field::new(name, wanted.clone(), true);
    let expected = from_arrow_field(&field).map(|field| field.data_type.simple_string()).unwrap_or_default();
    PARQUET_COLUMN_DATA_TYPE_MISMATCH
        .with("path", path)
        .with("column", format!("[{name}]"))
        .with("expectedType", expected)
        .with("actualType", physical(found))
}

/// How parquet keeps values of a type.
fn physical(file: &Arrow) -> &'static str {
    match file {
        Arrow::Boolean => "BOOLEAN",
        Arrow::Int8
        | Arrow::Int16
        | Arrow::Int32
        | Arrow::UInt8
        | Arrow::UInt16
        | Arrow::UInt32
        | Arrow::Date32
        | Arrow::Time32(_)
        | Arrow::Interval(_)
        | Arrow::Decimal128(..=9, _) => "INT32",
        Arrow::Int64
        | Arrow::UInt64
        | Arrow::Timestamp(TimeUnit::Microsecond | TimeUnit::Millisecond | TimeUnit::Nanosecond, _)
        | Arrow::Time64(_)
        | Arrow::Duration(_)
        | Arrow::Decimal128(..=18, _) => "INT64",
        Arrow::Float32 => "FLOAT",
        Arrow::Float64 => "DOUBLE",
        Arrow::Decimal128(_, _) | Arrow::Decimal256(_, _) | Arrow::FixedSizeBinary(_) => "FIXED_LEN_BYTE_ARRAY",
        _ => "BINARY",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_as_sparks_readers_do() {
        use Arrow as A;
        for (file, wanted, expected) in [
            (A::Int32, A::Int64, true),
            (A::Int64, A::Int32, false),
            (A::Int32, A::Utf8View, false),
            (A::Int32, A::Decimal128(12, 0), true),
            (A::Decimal128(3, 2), A::Decimal128(10, 2), true),
            (A::Decimal128(3, 2), A::Decimal128(3, 1), false),
            (A::Utf8, A::BinaryView, true),
            (A::Utf8, A::Int32, false),
            (A::Date32, A::Timestamp(TimeUnit::Microsecond, None), true),
            (A::Float32, A::Float64, true),
            (A::Float64, A::Float32, false),
        ] {
            assert_eq!(reads(&file, &wanted), expected, "{file} as {wanted}");
        }
    }
}
