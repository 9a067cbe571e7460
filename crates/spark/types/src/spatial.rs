//! Spatial reference systems, and values of GEOMETRY and GEOGRAPHY as they come from clients.
//!
//! A value is a `struct<srid, wkb>`, its bytes little-endian well-known binary (`wkb`). The identifiers that Spark 4.2
//! knows are those of EPSG and ESRI (`reference_systems.txt`, as ranges, recorded from Spark by `scripts/golden`), and 0
//! for a plane without a system.

pub mod wkb;

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, ListArray, MapArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType as Arrow, Int32Type};
use hearth_base::condition::{GEO_ENCODER_SRID_MISMATCH_ERROR, ST_INVALID_SRID_VALUE};
use hearth_base::{Error, Result};

use crate::data_type::DataType;

/// What stands for `ANY`: values of several reference systems.
pub const MIXED_SRID: i32 = -1;
/// What a geography has unless it is said.
pub const GEOGRAPHIC_SRID: i32 = 4326;

/// Kind, and the first and last of consecutive identifiers.
struct Range {
    authority: &'static str,
    geographic: bool,
    first: i32,
    last: i32,
}

static SYSTEMS: LazyLock<Vec<Range>> = LazyLock::new(|| {
    let mut ranges = Vec::new();
    for line in include_str!("spatial/reference_systems.txt").lines() {
        let mut parts = line.split('\t');
        let (Some(authority), Some(kind), Some(text)) = (parts.next(), parts.next(), parts.next()) else { continue };
        for range in text.split(' ') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (Ok(first), Ok(last)) = (first.parse(), last.parse()) else { continue };
            ranges.push(Range { authority, geographic: kind == "geographic", first, last });
        }
    }
    ranges.sort_by_key(|range| range.first);
    ranges
});

fn system(srid: i32) -> Option<&'static Range> {
    let after = SYSTEMS.partition_point(|range| range.first <= srid);
    let range = SYSTEMS.get(after.checked_sub(1)?)?;
    (srid <= range.last).then_some(range)
}

/// Whether values of GEOMETRY can have this identifier.
pub fn is_geometry_srid(srid: i32) -> bool {
    srid == 0 || system(srid).is_some()
}

/// Whether values of GEOGRAPHY can: the system measures angles.
pub fn is_geography_srid(srid: i32) -> bool {
    system(srid).is_some_and(|range| range.geographic)
}

/// The identifier, when values of this kind can have it.
pub fn check_srid(srid: i32, geography: bool) -> Result<i32> {
    let known = if geography { is_geography_srid(srid) } else { is_geometry_srid(srid) };
    if known { Ok(srid) } else { Err(ST_INVALID_SRID_VALUE.with("srid", srid)) }
}

/// The name of a reference system in a type's JSON.
pub(crate) fn crs_of(srid: i32) -> String {
    match (srid, system(srid)) {
        (MIXED_SRID, _) => "SRID:ANY".into(),
        (0, _) => "SRID:0".into(),
        (GEOGRAPHIC_SRID, _) => "OGC:CRS84".into(),
        (_, Some(range)) => format!("{}:{srid}", range.authority),
        (_, None) => format!("EPSG:{srid}"),
    }
}

pub(crate) fn srid_of(crs: &str) -> Option<i32> {
    match crs.trim() {
        "SRID:0" => return Some(0),
        "OGC:CRS84" => return Some(GEOGRAPHIC_SRID),
        other if other.eq_ignore_ascii_case("SRID:ANY") => return Some(MIXED_SRID),
        _ => {}
    }
    let (authority, srid) = crs.split_once(':')?;
    let srid = srid.parse().ok()?;
    (system(srid)?.authority == authority).then_some(srid)
}

/// Whether values of the type hold a geometry or a geography.
pub fn has_spatial(data_type: &DataType) -> bool {
    match data_type {
        DataType::Geometry { .. } | DataType::Geography { .. } => true,
        DataType::Array(array) => has_spatial(&array.element),
        DataType::Map(map) => has_spatial(&map.key) || has_spatial(&map.value),
        DataType::Struct(structure) => structure.fields.iter().any(|field| has_spatial(&field.data_type)),
        DataType::Udt(udt) => has_spatial(&udt.sql_type),
        _ => false,
    }
}

/// The values that a client sent, checked and in the engine's byte order, however deep they are. The array has the
/// engine's form of the type.
pub fn checked(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    checked_below(array, data_type, None)
}

/// `outer` says where the struct around the values is there; what stands below its NULLs is nobody's value.
fn checked_below(array: &ArrayRef, data_type: &DataType, outer: Option<&NullBuffer>) -> Result<ArrayRef> {
    if !has_spatial(data_type) {
        return Ok(Arc::clone(array));
    }
    match (data_type, array.data_type()) {
        (DataType::Geometry { srid }, _) => checked_values(array, *srid, false, outer),
        (DataType::Geography { srid }, _) => checked_values(array, *srid, true, outer),
        (DataType::Udt(udt), _) => checked_below(array, &udt.sql_type, outer),
        (DataType::Array(of), Arrow::List(field)) => {
            let list = array.as_list::<i32>();
            let values = checked(list.values(), &of.element)?;
            let made = ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned());
            Ok(Arc::new(made.map_err(Error::internal)?))
        }
        (DataType::Map(of), Arrow::Map(field, sorted)) => {
            let map = array.as_map();
            let parts = vec![checked(map.keys(), &of.key)?, checked(map.values(), &of.value)?];
            let entries = map.entries();
            let entries = StructArray::try_new(entries.fields().clone(), parts, entries.nulls().cloned());
            let entries = entries.map_err(Error::internal)?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            let made = MapArray::try_new(Arc::clone(field), offsets, entries, nulls, *sorted);
            Ok(Arc::new(made.map_err(Error::internal)?))
        }
        (DataType::Struct(of), Arrow::Struct(fields)) => {
            let structure = array.as_struct();
            let there = NullBuffer::union(structure.nulls(), outer);
            let parts = structure.columns().iter().zip(of.fields.iter());
            let columns = parts.map(|(column, field)| checked_below(column, &field.data_type, there.as_ref()));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let made = StructArray::try_new(fields.clone(), columns, structure.nulls().cloned());
            Ok(Arc::new(made.map_err(Error::internal)?))
        }
        _ => Ok(Arc::clone(array)),
    }
}

fn checked_values(array: &ArrayRef, srid: i32, geography: bool, outer: Option<&NullBuffer>) -> Result<ArrayRef> {
    let (srids, bytes) = parts(array)?;
    let structure = array.as_struct();
    let mut made = BinaryBuilder::with_capacity(bytes.len(), bytes.value_data().len());
    let mut value = Vec::new();
    for row in 0..structure.len() {
        value.clear();
        if structure.is_valid(row) && outer.is_none_or(|there| there.is_valid(row)) {
            let found = srids.value(row);
            if srid == MIXED_SRID {
                check_srid(found, geography)?;
            } else if found != srid {
                return Err(GEO_ENCODER_SRID_MISMATCH_ERROR
                    .with("type", if geography { "GEOGRAPHY" } else { "GEOMETRY" })
                    .with("valueSrid", found)
                    .with("typeSrid", srid));
            }
            wkb::convert(bytes.value(row), geography, true, &mut value)?;
        }
        made.append_value(&value);
    }
    let columns = vec![Arc::clone(structure.column(0)), Arc::new(made.finish()) as ArrayRef];
    let made = StructArray::try_new(structure.fields().clone(), columns, structure.nulls().cloned());
    Ok(Arc::new(made.map_err(Error::internal)?))
}

/// Identifiers and bytes of a column of geometries or geographies.
pub fn parts(array: &ArrayRef) -> Result<(&arrow::array::Int32Array, &BinaryArray)> {
    let parts = array.as_struct_opt().filter(|structure| structure.num_columns() == 2).and_then(|structure| {
        Some((structure.column(0).as_primitive_opt::<Int32Type>()?, structure.column(1).as_binary_opt::<i32>()?))
    });
    parts.ok_or_else(|| Error::internal(format!("{} holds no geometries", array.data_type())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reference_systems_are_found_by_number_and_name() {
        assert!(is_geometry_srid(0) && is_geometry_srid(3857) && is_geometry_srid(32633));
        assert!(!is_geometry_srid(1) && !is_geometry_srid(999) && !is_geometry_srid(-1));
        assert!(is_geography_srid(4326) && is_geography_srid(4269) && !is_geography_srid(3857));
        for srid in [-1, 0, 3857, 4326, 4269, 37001] {
            assert_eq!(srid_of(&crs_of(srid)), Some(srid));
        }
    }
}
