//! `samples.tpch`: the eight tables of TPC-H.

use datafusion::arrow::array::RecordBatchReader;
use datafusion::arrow::datatypes::SchemaRef;
use hearth_base::{Error, Result};
use hearth_types::StructType;
use hearth_types::arrow::from_arrow_schema;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator,
    RegionGenerator, SupplierGenerator,
};
use tpchgen_arrow::{
    CustomerArrow, LineItemArrow, NationArrow, OrderArrow, PartArrow, PartSuppArrow, RegionArrow, SupplierArrow,
};

use super::nullable;
use super::write::{Target, files_for, in_parallel};

/// Table and its rows at scale 1.
const TABLES: [(&str, u32); 8] = [
    ("customer", 150_000),
    ("lineitem", 6_000_000),
    ("nation", 25),
    ("orders", 1_500_000),
    ("part", 200_000),
    ("partsupp", 800_000),
    ("region", 5),
    ("supplier", 10_000),
];

pub fn tables() -> Result<Vec<(String, StructType)>> {
    let schema = |name: &str| from_arrow_schema(schema_of(name)?.as_ref()).map(|schema| nullable(&schema));
    TABLES.iter().map(|(name, _)| Ok(((*name).to_owned(), schema(name)?))).collect()
}

pub fn generate(table: &str, scale: f64, target: &Target) -> Result<()> {
    let rows = TABLES.iter().find(|(name, _)| *name == table).map_or(0, |(_, rows)| *rows);
    let fixed = matches!(table, "nation" | "region");
    let parts = if fixed { 1 } else { files_for(scaled(rows, scale)) };
    let schema = schema_of(table)?;
    in_parallel(parts, |part| {
        let reader = reader(table, Slice { scale, part: to_i32(part + 1), parts: to_i32(parts) })?;
        let broken = |error| Error::internal("the TPC-H generator failed").caused_by(error);
        target.write(part, &schema, reader.map(|batch| batch.map_err(broken)))
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
fn scaled(rows: u32, scale: f64) -> u64 {
    (f64::from(rows) * scale) as u64
}

fn to_i32(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// One part of a table; parts count from 1.
#[derive(Clone, Copy)]
struct Slice {
    scale: f64,
    part: i32,
    parts: i32,
}

fn schema_of(table: &str) -> Result<SchemaRef> {
    Ok(match table {
        "customer" => CustomerArrow::schema_ref(),
        "lineitem" => LineItemArrow::schema_ref(),
        "nation" => NationArrow::schema_ref(),
        "orders" => OrderArrow::schema_ref(),
        "part" => PartArrow::schema_ref(),
        "partsupp" => PartSuppArrow::schema_ref(),
        "region" => RegionArrow::schema_ref(),
        "supplier" => SupplierArrow::schema_ref(),
        other => return Err(Error::internal(format!("TPC-H has no table {other}"))),
    })
}

fn reader(table: &str, slice: Slice) -> Result<Box<dyn RecordBatchReader>> {
    let Slice { scale, part, parts } = slice;
    Ok(match table {
        "customer" => Box::new(CustomerArrow::new(CustomerGenerator::new(scale, part, parts))),
        "lineitem" => Box::new(LineItemArrow::new(LineItemGenerator::new(scale, part, parts))),
        "nation" => Box::new(NationArrow::new(NationGenerator::new(scale, part, parts))),
        "orders" => Box::new(OrderArrow::new(OrderGenerator::new(scale, part, parts))),
        "part" => Box::new(PartArrow::new(PartGenerator::new(scale, part, parts))),
        "partsupp" => Box::new(PartSuppArrow::new(PartSuppGenerator::new(scale, part, parts))),
        "region" => Box::new(RegionArrow::new(RegionGenerator::new(scale, part, parts))),
        "supplier" => Box::new(SupplierArrow::new(SupplierGenerator::new(scale, part, parts))),
        other => return Err(Error::internal(format!("TPC-H has no table {other}"))),
    })
}
