//! Geometries and geographies: made of well-known binary, taken apart, and moved to another reference system.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, Int32Builder, StructArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType as ArrowType, Int32Type};
use hearth_base::condition::ST_INVALID_ENDIANNESS_VALUE;
use hearth_base::{Error, Result};
use hearth_types::spatial::{GEOGRAPHIC_SRID, check_srid, parts, wkb};

use crate::kernels::rowwise::Args;

/// The result's kind and its Arrow type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Made {
    pub geography: bool,
    pub returns: ArrowType,
}

impl Made {
    fn array(&self, srids: Int32Builder, bytes: BinaryBuilder, nulls: Vec<bool>) -> Result<ArrayRef> {
        let (mut srids, mut bytes) = (srids, bytes);
        let ArrowType::Struct(fields) = &self.returns else {
            return Err(Error::internal("geometries are structs"));
        };
        let columns: Vec<ArrayRef> = vec![Arc::new(srids.finish()), Arc::new(bytes.finish())];
        let nulls = Some(NullBuffer::from(nulls)).filter(|nulls| nulls.null_count() > 0);
        let made = StructArray::try_new(fields.clone(), columns, nulls).map_err(Error::internal)?;
        Ok(Arc::new(made))
    }

    /// Bytes, and for a geometry its reference system, to values.
    pub fn of_wkb(&self, args: &Args) -> Result<ArrayRef> {
        let source = args.bytes(0)?;
        let systems = if self.geography { None } else { Some(args.int(1)?) };
        let (mut srids, mut bytes) = (Int32Builder::new(), BinaryBuilder::new());
        let mut present = Vec::with_capacity(args.rows());
        let mut value = Vec::new();
        for row in 0..args.rows() {
            let srid = systems.as_ref().map_or(Some(GEOGRAPHIC_SRID), |systems| systems.get(row));
            let (srid, wkb) = match (source.get(row), srid) {
                (Some(wkb), Some(srid)) => (check_srid(srid, self.geography)?, Some(wkb)),
                (None, _) | (_, None) => (0, None),
            };
            value.clear();
            if let Some(wkb) = wkb {
                wkb::convert(wkb, self.geography, true, &mut value)?;
            }
            present.push(wkb.is_some());
            srids.append_value(srid);
            bytes.append_value(&value);
        }
        self.array(srids, bytes, present)
    }

    /// The same places under another reference system.
    pub fn with_srid(&self, args: &Args) -> Result<ArrayRef> {
        let (source, step) = args.raw(0)?;
        let (_, wkb) = parts(source)?;
        let systems = args.int(1)?;
        let (mut srids, mut bytes) = (Int32Builder::new(), BinaryBuilder::new());
        let mut present = Vec::with_capacity(args.rows());
        for row in 0..args.rows() {
            let there = source.is_valid(row * step);
            let srid = systems.get(row).filter(|_| there);
            srids.append_value(srid.map_or(Ok(0), |srid| check_srid(srid, self.geography))?);
            bytes.append_value(if srid.is_some() { wkb.value(row * step) } else { &[] });
            present.push(srid.is_some());
        }
        self.array(srids, bytes, present)
    }
}

/// The number of the reference system.
pub fn srid(args: &Args) -> Result<ArrayRef> {
    let (source, step) = args.raw(0)?;
    let srids = source.as_struct().column(0).as_primitive::<Int32Type>();
    args.values::<Int32Type>(|row| source.is_valid(row * step).then(|| srids.value(row * step)))
}

/// The bytes, in the byte order asked for.
pub fn as_binary(args: &Args) -> Result<ArrayRef> {
    let (source, step) = args.raw(0)?;
    let (_, wkb) = parts(source)?;
    let orders = args.text(1)?;
    args.binaries(|row, out| {
        let at = row * step;
        let Some(order) = orders.get(row).filter(|_| source.is_valid(at)) else { return Ok(None) };
        match order.to_ascii_uppercase().as_str() {
            "NDR" => out.extend_from_slice(wkb.value(at)),
            // A value was checked when it was made, with the bounds of its kind.
            "XDR" => wkb::convert(wkb.value(at), false, false, out)?,
            _ => return Err(ST_INVALID_ENDIANNESS_VALUE.with("endianness", order)),
        }
        Ok(Some(()))
    })
}
