//! Moving wall clocks between zones.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use hearth_base::Result;
use hearth_types::Zone;

use crate::kernels::datetime::{overflow, zone};
use crate::kernels::rowwise::Args;

/// The latest zone: it is nearly always the same for all rows.
#[derive(Default)]
struct Known {
    last: Option<(String, Zone)>,
}

impl Known {
    fn get(&mut self, name: &str) -> Result<Zone> {
        match &self.last {
            Some((last, zone)) if last == name => Ok(*zone),
            Some(_) | None => {
                let found = zone(name)?;
                self.last = Some((name.to_owned(), found));
                Ok(found)
            }
        }
    }
}

/// `from_utc_timestamp`: shifts the instant by the zone's offset.
pub fn from_utc(_: &(), args: &Args) -> Result<ArrayRef> {
    let (micros, name) = (args.column::<TimestampMicrosecondType>(0)?, args.text(1)?);
    let mut known = Known::default();
    args.try_values::<TimestampMicrosecondType>(|row| {
        let (Some(micros), Some(name)) = (micros.get(row), name.get(row)) else { return Ok(None) };
        Ok(Some(known.get(name)?.to_local(micros)))
    })
}

/// `to_utc_timestamp`: the other way.
pub fn to_utc(_: &(), args: &Args) -> Result<ArrayRef> {
    let (micros, name) = (args.column::<TimestampMicrosecondType>(0)?, args.text(1)?);
    let mut known = Known::default();
    args.try_values::<TimestampMicrosecondType>(|row| {
        let (Some(micros), Some(name)) = (micros.get(row), name.get(row)) else { return Ok(None) };
        known.get(name)?.to_instant(micros).map(Some).ok_or_else(|| overflow("to_utc_timestamp"))
    })
}

/// `convert_timezone(source, target, wall clock)`
pub fn convert(_: &(), args: &Args) -> Result<ArrayRef> {
    let (source, target) = (args.text(0)?, args.text(1)?);
    let local = args.column::<TimestampMicrosecondType>(2)?;
    let (mut from, mut to) = (Known::default(), Known::default());
    args.try_values::<TimestampMicrosecondType>(|row| {
        let (Some(source), Some(target), Some(local)) = (source.get(row), target.get(row), local.get(row)) else {
            return Ok(None);
        };
        let instant = from.get(source)?.to_instant(local).ok_or_else(|| overflow("convert_timezone"))?;
        Ok(Some(to.get(target)?.to_local(instant)))
    })
}
