//! Values from Avro's binary form, in another schema than that they were written by, where that is allowed.

use super::schema::{Field, Logical, Schema, Shape};
use super::types::merged;
use crate::kernels::json::cell::Cell;
use crate::kernels::json::value::Json;

/// Most elements of one array or map that have no bytes of their own.
const MAX_EMPTY_ELEMENTS: i64 = 1 << 20;

/// The value at the start of `bytes`; none when they are damaged. What follows it is ignored.
pub fn value(written: &Schema, wanted: &Schema, bytes: &[u8]) -> Option<Cell> {
    let mut input = Input { bytes };
    input.value(written, wanted)
}

struct Input<'b> {
    bytes: &'b [u8],
}

impl<'b> Input<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn long(&mut self) -> Option<i64> {
        let mut value = 0_u64;
        for at in 0..10 {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        None
    }

    fn sized(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.long()?).ok()?;
        self.take(length)
    }

    fn value(&mut self, written: &Schema, wanted: &Schema) -> Option<Cell> {
        if let Shape::Union(branches) = &written.shape {
            let place = usize::try_from(self.long()?).ok()?;
            return self.branch(branches.get(place)?, place, branches, wanted);
        }
        if let Shape::Union(branches) = &wanted.shape {
            let place = branches.iter().position(|branch| fits(written, branch))?;
            let cell = self.value(written, branches.get(place)?)?;
            return Some(in_union(cell, place, branches));
        }
        self.plain(written, wanted)
    }

    /// A value of a branch of a union.
    fn branch(&mut self, written: &Schema, place: usize, all: &[Schema], wanted: &Schema) -> Option<Cell> {
        match &wanted.shape {
            Shape::Union(branches) => {
                let same = branches.get(place).filter(|_| branches.as_slice() == all).map(|_| place);
                let place = same.or_else(|| branches.iter().position(|branch| fits(written, branch)))?;
                let cell = self.value(written, branches.get(place)?)?;
                Some(in_union(cell, place, branches))
            }
            _ => self.value(written, wanted),
        }
    }

    fn plain(&mut self, written: &Schema, wanted: &Schema) -> Option<Cell> {
        match (&written.shape, &wanted.shape) {
            (Shape::Null, Shape::Null) => Some(Cell::Null),
            (Shape::Boolean, Shape::Boolean) => match self.take(1)? {
                [0] => Some(Cell::Boolean(false)),
                [1] => Some(Cell::Boolean(true)),
                _ => None,
            },
            (Shape::Int | Shape::Long, _) => {
                let value = self.long()?;
                whole(value, written, wanted)
            }
            (Shape::Float, Shape::Float | Shape::Double) => {
                Some(Cell::Double(f64::from(f32::from_le_bytes(self.take(4)?.try_into().ok()?))))
            }
            (Shape::Double, Shape::Double) => Some(Cell::Double(f64::from_le_bytes(self.take(8)?.try_into().ok()?))),
            (Shape::Bytes | Shape::Text, Shape::Bytes | Shape::Text) => bytes(self.sized()?, wanted),
            (Shape::Fixed(size), Shape::Fixed(other)) if size == other => bytes(self.take(*size)?, wanted),
            (Shape::Enumeration(symbols), Shape::Enumeration(others)) => {
                let symbol = symbols.get(usize::try_from(self.long()?).ok()?)?;
                others.contains(symbol).then(|| Cell::Text(symbol.clone()))
            }
            (Shape::Array(written), Shape::Array(wanted)) => {
                let mut list = Vec::new();
                self.blocks(|input| {
                    list.push(input.value(written, wanted)?);
                    Some(())
                })?;
                Some(Cell::List(list))
            }
            (Shape::Map(written), Shape::Map(wanted)) => {
                let mut map: Vec<(Cell, Cell)> = Vec::new();
                self.blocks(|input| {
                    let key = Cell::Text(String::from_utf8(input.sized()?.to_vec()).ok()?);
                    map.push((key, input.value(written, wanted)?));
                    Some(())
                })?;
                Some(Cell::Map(map))
            }
            (Shape::Record(written), Shape::Record(wanted)) => self.record(written, wanted),
            _ => None,
        }
    }

    /// Elements in blocks, the last of which is empty.
    fn blocks(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        let mut empty = 0;
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Some(());
            }
            if count < 0 {
                // The block's bytes.
                self.long()?;
                count = count.checked_neg()?;
            }
            for _ in 0..count {
                let before = self.bytes.len();
                element(self)?;
                empty += i64::from(self.bytes.len() == before);
                if empty > MAX_EMPTY_ELEMENTS {
                    return None;
                }
            }
        }
    }

    fn record(&mut self, written: &[Field], wanted: &[Field]) -> Option<Cell> {
        let mut cells: Vec<Option<Cell>> = wanted.iter().map(|_| None).collect();
        for field in written {
            match wanted.iter().position(|other| other.name == field.name) {
                Some(place) => cells[place] = Some(self.value(&field.schema, &wanted[place].schema)?),
                None => self.value(&field.schema, &field.schema).map(drop)?,
            }
        }
        let cells = cells.into_iter().zip(wanted).map(|(cell, field)| cell.or_else(|| missing(field)));
        Some(Cell::Struct(cells.collect::<Option<_>>()?))
    }
}

/// Whether values of a schema can be had in another.
fn fits(written: &Schema, wanted: &Schema) -> bool {
    match (&written.shape, &wanted.shape) {
        (Shape::Int, Shape::Int | Shape::Long | Shape::Float | Shape::Double)
        | (Shape::Long, Shape::Long | Shape::Float | Shape::Double)
        | (Shape::Float, Shape::Float | Shape::Double)
        | (Shape::Bytes | Shape::Text, Shape::Bytes | Shape::Text) => true,
        (Shape::Record(_) | Shape::Enumeration(_) | Shape::Fixed(_), _) => {
            written.type_name() == wanted.type_name() && written.simple_name() == wanted.simple_name()
        }
        _ => written.type_name() == wanted.type_name(),
    }
}

/// A value of a union's branch as Spark has it: alone, or as the member of a struct.
fn in_union(cell: Cell, place: usize, branches: &[Schema]) -> Cell {
    let known: Vec<usize> = (0..branches.len()).filter(|place| branches[*place].shape != Shape::Null).collect();
    let is_alone = match known.as_slice() {
        [] | [_] => true,
        [first, second] => merged(&branches[*first], &branches[*second]).is_some(),
        _ => false,
    };
    if is_alone {
        return match (cell, known.as_slice()) {
            // Long beside float is no number of its own.
            (Cell::Long(value), [first, _]) if matches!(branches[*first].shape, Shape::Float | Shape::Double) => {
                Cell::Double(value as f64)
            }
            (cell, _) => cell,
        };
    }
    if !known.contains(&place) {
        return Cell::Null;
    }
    let mut cell = Some(cell);
    let member = |member: &usize| if *member == place { cell.take().unwrap_or(Cell::Null) } else { Cell::Null };
    Cell::Struct(known.iter().map(member).collect())
}

fn whole(value: i64, written: &Schema, wanted: &Schema) -> Option<Cell> {
    if written.shape == Shape::Int && i32::try_from(value).is_err() {
        return None;
    }
    match (&wanted.shape, &wanted.logical) {
        (Shape::Float | Shape::Double, _) => Some(Cell::Double(value as f64)),
        (Shape::Long, Logical::TimestampMillis | Logical::LocalMillis) => value.checked_mul(1000).map(Cell::Long),
        (Shape::Long, _) => Some(Cell::Long(value)),
        (Shape::Int, _) if written.shape == Shape::Int => Some(Cell::Long(value)),
        _ => None,
    }
}

fn bytes(bytes: &[u8], wanted: &Schema) -> Option<Cell> {
    match (&wanted.shape, &wanted.logical) {
        (Shape::Text, _) => Some(Cell::Text(String::from_utf8_lossy(bytes).into_owned())),
        (_, Logical::Decimal { .. }) => {
            if bytes.len() > 16 {
                return None;
            }
            let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
            Some(Cell::Decimal(bytes.iter().fold(sign, |value, byte| value << 8 | i128::from(*byte))))
        }
        _ => Some(Cell::Bytes(bytes.to_vec())),
    }
}

/// The default of a field that was not written.
fn missing(field: &Field) -> Option<Cell> {
    let text = field.default.as_deref()?;
    from_json(&Json::parse(text)?, &field.schema)
}

fn from_json(json: &Json<'_>, schema: &Schema) -> Option<Cell> {
    match (&schema.shape, json) {
        (Shape::Union(branches), json) => {
            let found = branches.iter().enumerate().find_map(|(place, branch)| Some((place, from_json(json, branch)?)));
            found.map(|(place, cell)| in_union(cell, place, branches))
        }
        (Shape::Null, Json::Null) => Some(Cell::Null),
        (Shape::Boolean, Json::Boolean(value)) => Some(Cell::Boolean(*value)),
        (Shape::Int | Shape::Long, Json::Number(text)) => whole(text.parse().ok()?, schema, schema),
        (Shape::Float | Shape::Double, Json::Number(text)) => text.parse().ok().map(Cell::Double),
        (Shape::Text | Shape::Enumeration(_), Json::String(text)) => Some(Cell::Text(text.to_string())),
        // Each character is a byte.
        (Shape::Bytes | Shape::Fixed(_), Json::String(text)) => {
            let found: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
            bytes(&found?, schema)
        }
        (Shape::Array(items), Json::Array(list)) => {
            list.iter().map(|item| from_json(item, items)).collect::<Option<_>>().map(Cell::List)
        }
        (Shape::Map(values), Json::Object(entries)) => {
            let entry = |(key, value): &(std::borrow::Cow<'_, str>, Json<'_>)| {
                Some((Cell::Text(key.to_string()), from_json(value, values)?))
            };
            entries.iter().map(entry).collect::<Option<_>>().map(Cell::Map)
        }
        (Shape::Record(fields), Json::Object(_)) => {
            let field = |field: &Field| match json.get(&field.name) {
                Some(value) => from_json(value, &field.schema),
                None => missing(field),
            };
            fields.iter().map(field).collect::<Option<_>>().map(Cell::Struct)
        }
        _ => None,
    }
}
