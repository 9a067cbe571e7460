//! `samples.tpcds`: the 24 tables of TPC-DS.
//!
//! The generator gives rows as text, `|` behind each field and nothing for NULL; they are read into columns of the types
//! in `tpcds.txt`.

use std::fmt::Display;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Date32Builder, Decimal128Builder, Int32Builder, RecordBatch, StringBuilder};
use datafusion::arrow::datatypes::SchemaRef;
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_schema;
use hearth_types::ddl::parse_table_schema;
use hearth_types::{DataType, StructType};
use tpcdsgen::config::{Session, SessionBuilder, Table};
use tpcdsgen::row;

use super::write::Target;

const TABLES: &str = include_str!("tpcds.txt");
const ROWS_PER_BATCH: usize = 8192;

pub fn tables() -> Result<Vec<(String, StructType)>> {
    let lines = TABLES.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, columns)| Ok((name.to_owned(), parse_table_schema(columns)?)))
        .collect()
}

pub fn generate(table: &str, scale: f64, target: &Target) -> Result<()> {
    let (_, schema) = tables()?
        .into_iter()
        .find(|(name, _)| name == table)
        .ok_or_else(|| Error::internal(format!("TPC-DS has no table {table}")))?;
    let session = SessionBuilder::new()
        .with_scale_factor(scale)
        .build()
        .map_err(|error| Error::internal(format!("the TPC-DS generator refuses scale {scale}: {error}")))?;
    let arrow = to_engine_schema(&schema);
    let batches = Batches { rows: rows(table, session)?, schema, arrow: Arc::clone(&arrow) };
    target.write(0, &arrow, batches)
}

type Lines = Box<dyn Iterator<Item = String>>;

/// All rows of a table as text.
fn rows(table: &str, session: Session) -> Result<Lines> {
    macro_rules! lines {
        ($table:ident, $generator:ident) => {{
            // The end of the source rows: a generator of sales makes several rows of each.
            let last = *session.get_source_row_range(Table::$table).end();
            text(row::$generator::new(session, last))
        }};
    }
    Ok(match table {
        "call_center" => lines!(CallCenter, CallCenterRowGenerator),
        "catalog_page" => lines!(CatalogPage, CatalogPageRowGenerator),
        "catalog_returns" => lines!(CatalogReturns, CatalogReturnsRowGenerator),
        "catalog_sales" => lines!(CatalogSales, CatalogSalesRowGenerator),
        "customer" => lines!(Customer, CustomerRowGenerator),
        "customer_address" => lines!(CustomerAddress, CustomerAddressRowGenerator),
        "customer_demographics" => lines!(CustomerDemographics, CustomerDemographicsRowGenerator),
        "date_dim" => lines!(DateDim, DateDimRowGenerator),
        "household_demographics" => lines!(HouseholdDemographics, HouseholdDemographicsRowGenerator),
        "income_band" => lines!(IncomeBand, IncomeBandRowGenerator),
        "inventory" => lines!(Inventory, InventoryRowGenerator),
        "item" => lines!(Item, ItemRowGenerator),
        "promotion" => lines!(Promotion, PromotionRowGenerator),
        "reason" => lines!(Reason, ReasonRowGenerator),
        "ship_mode" => lines!(ShipMode, ShipModeRowGenerator),
        "store" => lines!(Store, StoreRowGenerator),
        "store_returns" => lines!(StoreReturns, StoreReturnsRowGenerator),
        "store_sales" => lines!(StoreSales, StoreSalesRowGenerator),
        "time_dim" => lines!(TimeDim, TimeDimRowGenerator),
        "warehouse" => lines!(Warehouse, WarehouseRowGenerator),
        "web_page" => lines!(WebPage, WebPageRowGenerator),
        "web_returns" => lines!(WebReturns, WebReturnsRowGenerator),
        "web_sales" => lines!(WebSales, WebSalesRowGenerator),
        "web_site" => lines!(WebSite, WebSiteRowGenerator),
        other => return Err(Error::internal(format!("TPC-DS has no table {other}"))),
    })
}

fn text<R: Display>(rows: impl Iterator<Item = R> + 'static) -> Lines {
    Box::new(rows.map(|row| row.to_string()))
}

/// Lines put together to batches.
struct Batches {
    rows: Lines,
    schema: StructType,
    arrow: SchemaRef,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let lines: Vec<String> = self.rows.by_ref().take(ROWS_PER_BATCH).collect();
        (!lines.is_empty()).then(|| self.batch(&lines))
    }
}

impl Batches {
    fn batch(&self, lines: &[String]) -> Result<RecordBatch> {
        let mut columns: Vec<Column> = self.schema.fields.iter().map(|field| Column::new(&field.data_type)).collect();
        for line in lines {
            let mut fields = line.split('|');
            for column in &mut columns {
                column.push(fields.next().unwrap_or_default())?;
            }
        }
        let columns = columns.iter_mut().map(Column::finish).collect::<Result<Vec<_>>>()?;
        RecordBatch::try_new(Arc::clone(&self.arrow), columns).map_err(Error::internal)
    }
}

/// The types of TPC-DS.
enum Column {
    Integer(Int32Builder),
    Decimal(Decimal128Builder, u8, i8),
    Date(Date32Builder),
    Text(StringBuilder),
}

impl Column {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Integer => Self::Integer(Int32Builder::new()),
            DataType::Decimal { precision, scale } => Self::Decimal(Decimal128Builder::new(), *precision, *scale),
            DataType::Date => Self::Date(Date32Builder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn push(&mut self, field: &str) -> Result<()> {
        let bad = || Error::internal(format!("the TPC-DS generator gave {field:?} for another type"));
        match self {
            Self::Text(column) if field.is_empty() => column.append_null(),
            Self::Text(column) => column.append_value(field),
            Self::Integer(column) if field.is_empty() => column.append_null(),
            Self::Integer(column) => column.append_value(field.parse().map_err(|_| bad())?),
            Self::Decimal(column, ..) if field.is_empty() => column.append_null(),
            Self::Decimal(column, _, scale) => column.append_value(decimal(field, *scale).ok_or_else(bad)?),
            Self::Date(column) if field.is_empty() => column.append_null(),
            Self::Date(column) => column.append_value(date(field).ok_or_else(bad)?),
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Integer(column) => Arc::new(column.finish()),
            Self::Decimal(column, precision, scale) => {
                Arc::new(column.finish().with_precision_and_scale(*precision, *scale).map_err(Error::internal)?)
            }
            Self::Date(column) => Arc::new(column.finish()),
            Self::Text(column) => Arc::new(column.finish()),
        })
    }
}

/// `-12.3` with scale 2 is -1230.
fn decimal(text: &str, scale: i8) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = usize::try_from(scale).ok()?;
    let fraction = format!("{fraction:0<scale$}");
    let unscaled: i128 = format!("{whole}{}", fraction.get(..scale)?).parse().ok()?;
    Some(if negative { -unscaled } else { unscaled })
}

fn date(text: &str) -> Option<i32> {
    let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let epoch = chrono::NaiveDate::default();
    i32::try_from(date.signed_duration_since(epoch).num_days()).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read() {
        assert_eq!(decimal("12.3", 2), Some(1230));
        assert_eq!(decimal("-0.05", 2), Some(-5));
        assert_eq!(decimal("7", 2), Some(700));
        assert_eq!(decimal("x", 2), None);
        assert_eq!(date("1970-01-02"), Some(1));
        assert_eq!(tables().unwrap().len(), 24);
    }
}
