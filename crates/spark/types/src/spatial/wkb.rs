//! Well-known binary: points, lines, polygons and collections of them as bytes, with two to four coordinates each.
//!
//! `convert` reads a value of either byte order, refuses what Spark's reader refuses, with its words and positions, and
//! writes it in the order asked for. Bytes after the value are left out. The extended form with a reference system in it
//! is not read, as in Spark.

use hearth_base::condition::WKB_PARSE_ERROR;
use hearth_base::{Error, Result};

/// Geometry collections within each other; Spark's reader has no bound but its stack.
const MAX_DEPTH: usize = 200;
/// Bytes of an order mark and a type, the least that a geometry has.
const HEADER: usize = 5;
const COUNT: usize = 4;
const COORDINATE: usize = 8;

const POINT: u32 = 1;
const LINE_STRING: u32 = 2;
const POLYGON: u32 = 3;
const MULTI_POINT: u32 = 4;
const MULTI_LINE_STRING: u32 = 5;
const MULTI_POLYGON: u32 = 6;
const COLLECTION: u32 = 7;

/// Writes the value to `out` in little-endian order, or else in big-endian. A geography's coordinates are degrees.
pub fn convert(wkb: &[u8], geography: bool, little: bool, out: &mut Vec<u8>) -> Result<()> {
    if wkb.is_empty() {
        return Err(malformed("WKB data is empty or null", 0));
    }
    let mut reader = Reader { wkb, at: 0, from_little: true, geography, little, out };
    reader.geometry(None, 0).map(|_| ())
}

struct Reader<'a> {
    wkb: &'a [u8],
    at: usize,
    from_little: bool,
    geography: bool,
    little: bool,
    out: &'a mut Vec<u8>,
}

/// Kind of geometry and number of coordinates of each of its points.
#[derive(Clone, Copy)]
struct Shape {
    kind: u32,
    dimensions: usize,
    /// 0, 1000, 2000 or 3000, by which dimensions are there.
    family: u32,
}

impl Reader<'_> {
    /// One geometry with its header. Parts of a collection have the collection's dimensions.
    fn geometry(&mut self, family: Option<u32>, depth: usize) -> Result<u32> {
        if depth > MAX_DEPTH {
            return Err(malformed("Geometry collections are nested too deeply", self.at));
        }
        if self.left() < HEADER {
            return Err(malformed("Unexpected end of WKB buffer", self.at));
        }
        let start = self.at;
        self.from_little = match self.wkb[start] {
            0 => false,
            1 => true,
            other => return Err(malformed(format!("Invalid byte order {}", other.cast_signed()), start)),
        };
        self.at += 1;
        self.out.push(u8::from(self.little));
        let shape = self.shape(family)?;
        match shape.kind {
            POINT => self.point(shape.dimensions, true).map(|_| ())?,
            LINE_STRING => self.line(shape.dimensions)?,
            POLYGON => self.polygon(shape.dimensions)?,
            MULTI_POINT => self.parts(shape, "MultiPoint points", Some((POINT, "Point in MultiPoint")), depth)?,
            MULTI_LINE_STRING => {
                let wanted = Some((LINE_STRING, "LineString in MultiLineString"));
                self.parts(shape, "MultiLineString line strings", wanted, depth)?;
            }
            MULTI_POLYGON => {
                self.parts(shape, "MultiPolygon polygons", Some((POLYGON, "Polygon in MultiPolygon")), depth)?;
            }
            _ => self.parts(shape, "GeometryCollection geometries", None, depth)?,
        }
        Ok(shape.kind)
    }

    fn shape(&mut self, outer: Option<u32>) -> Result<Shape> {
        let at = self.at;
        let number = self.int()?;
        let (family, kind) = (number / 1000 * 1000, number % 1000);
        let dimensions = match family {
            0 => 2,
            1000 | 2000 => 3,
            _ => 4,
        };
        if family > 3000 || !(POINT..=COLLECTION).contains(&kind) || outer.is_some_and(|outer| outer != family) {
            return Err(malformed(format!("Invalid or unsupported type {}", number.cast_signed()), at));
        }
        Ok(Shape { kind, dimensions, family })
    }

    /// Gives the place on the plane. Only a point of its own may be empty, which is one of NaN.
    fn point(&mut self, dimensions: usize, may_be_empty: bool) -> Result<(f64, f64)> {
        let start = self.at;
        let x = self.coordinate(may_be_empty)?;
        let y = self.coordinate(may_be_empty)?;
        for _ in 2..dimensions {
            self.coordinate(may_be_empty)?;
        }
        let on_earth = (-180.0..=180.0).contains(&x) && (-90.0..=90.0).contains(&y);
        if self.geography && !on_earth {
            return Err(malformed("Invalid coordinate value found", start));
        }
        Ok((x, y))
    }

    fn line(&mut self, dimensions: usize) -> Result<()> {
        let start = self.at;
        let points = self.count("LineString points", dimensions * COORDINATE)?;
        if points == 1 {
            return Err(malformed("Too few points in linestring", start));
        }
        (0..points).try_for_each(|_| self.point(dimensions, false).map(|_| ()))
    }

    fn polygon(&mut self, dimensions: usize) -> Result<()> {
        let rings = self.count("polygon rings", COUNT)?;
        (0..rings).try_for_each(|_| self.ring(dimensions))
    }

    fn ring(&mut self, dimensions: usize) -> Result<()> {
        let start = self.at;
        let points = self.count("ring points", dimensions * COORDINATE)?;
        if points < 4 {
            return Err(malformed("Too few points in ring", start));
        }
        let first = self.point(dimensions, false)?;
        let mut last = first;
        for _ in 1..points {
            last = self.point(dimensions, false)?;
        }
        if first == last { Ok(()) } else { Err(malformed("Ring is not closed", start)) }
    }

    fn parts(&mut self, shape: Shape, what: &str, wanted: Option<(u32, &str)>, depth: usize) -> Result<()> {
        let count = self.count(what, HEADER)?;
        for _ in 0..count {
            let from_little = self.from_little;
            let kind = self.geometry(Some(shape.family), depth + 1)?;
            self.from_little = from_little;
            if let Some((wanted, text)) = wanted
                && kind != wanted
            {
                return Err(malformed(format!("Expected {text}"), self.at));
            }
        }
        Ok(())
    }

    /// A number of things of at least so many bytes.
    fn count(&mut self, what: &str, bytes: usize) -> Result<usize> {
        let at = self.at;
        let count = self.int()?.cast_signed();
        let Ok(wanted) = usize::try_from(count) else {
            return Err(malformed(format!("Invalid count for {what}: {count}"), at));
        };
        if wanted > self.left() / bytes {
            return Err(malformed(format!("Invalid count for {what}: exceeds remaining bytes"), at));
        }
        Ok(wanted)
    }

    fn coordinate(&mut self, may_be_nan: bool) -> Result<f64> {
        let at = self.at;
        let bits = self.take::<COORDINATE>()?;
        let value = if self.from_little { f64::from_le_bytes(bits) } else { f64::from_be_bytes(bits) };
        if value.is_infinite() || (value.is_nan() && !may_be_nan) {
            return Err(malformed("Invalid coordinate value found", at));
        }
        let written = if self.little { value.to_le_bytes() } else { value.to_be_bytes() };
        self.out.extend_from_slice(&written);
        Ok(value)
    }

    fn int(&mut self) -> Result<u32> {
        let bits = self.take::<COUNT>()?;
        let value = if self.from_little { u32::from_le_bytes(bits) } else { u32::from_be_bytes(bits) };
        let written = if self.little { value.to_le_bytes() } else { value.to_be_bytes() };
        self.out.extend_from_slice(&written);
        Ok(value)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.wkb[self.at..].first_chunk::<N>().copied();
        let taken = taken.ok_or_else(|| malformed("Unexpected end of WKB buffer", self.at))?;
        self.at += N;
        Ok(taken)
    }

    fn left(&self) -> usize {
        self.wkb.len() - self.at
    }
}

fn malformed(problem: impl Into<String>, at: usize) -> Error {
    WKB_PARSE_ERROR.with("parseError", problem.into()).with("pos", at)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn byte_orders_are_turned_and_turned_back() {
        let little = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40];
        let (mut big, mut back) = (Vec::new(), Vec::new());
        convert(&little, false, false, &mut big).unwrap();
        assert_eq!(big[..7], [0, 0, 0, 0, 1, 0x3f, 0xf0]);
        convert(&big, true, true, &mut back).unwrap();
        assert_eq!(back, little);
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let wkb = [1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(100_000);
        assert!(convert(&wkb, false, true, &mut Vec::new()).is_err());
    }
}
