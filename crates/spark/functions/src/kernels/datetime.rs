//! Kernels of date and time functions. `pattern` is Java's formatter; the rest is calendar arithmetic on days and
//! microseconds, in the session's zone where Spark uses it.

pub mod arithmetic;
pub mod bucket;
pub mod clock;
pub mod fields;
pub mod make;
pub mod pattern;
pub mod text;
pub mod zones;

use std::sync::Arc;

use hearth_base::condition::INVALID_PARAMETER_VALUE_ZONE;
use hearth_base::{Error, Result};
use hearth_types::Zone;

/// The zone of a name, or Spark's error.
pub fn zone(name: &str) -> Result<Zone> {
    Zone::parse(name).ok_or_else(|| INVALID_PARAMETER_VALUE_ZONE.with("timeZone", name))
}

/// What most of these kernels depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Setting {
    pub zone: Arc<str>,
    pub ansi: bool,
}

impl Setting {
    pub fn zone(&self) -> Result<Zone> {
        zone(&self.zone)
    }
}

/// The result does not fit in microseconds or days.
pub fn overflow(operation: &str) -> Error {
    hearth_base::condition::DATETIME_OVERFLOW.with("operation", operation)
}
