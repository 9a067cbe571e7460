//! DataFusion's errors as Spark's conditions.
//!
//! Our own kernels raise `hearth_base::Error` inside `DataFusionError::External`; those come out unchanged. The rest is
//! told apart by variant; by text only where there is no variant.

use std::error::Error as StdError;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use hearth_base::Error;
use hearth_base::condition::{
    ARITHMETIC_OVERFLOW, DIVIDE_BY_ZERO, FAILED_READ_FILE, OPERATION_CANCELED, OUT_OF_MEMORY, SPILL_LIMIT,
};

const ANSI: &str = "\"spark.sql.ansi.enabled\"";

/// The condition that `error` means to a user.
pub fn from_datafusion(error: DataFusionError) -> Error {
    if let Some(own) = find_own(&error) {
        return own;
    }
    match root(&error) {
        DataFusionError::ArrowError(arrow, _) => from_arrow(arrow),
        DataFusionError::ResourcesExhausted(message) => {
            OUT_OF_MEMORY.with("limit", "engine.memory").with("message", message)
        }
        DataFusionError::ParquetError(cause) => {
            FAILED_READ_FILE.with("path", "").caused_by(cause.to_string()).message(cause.to_string())
        }
        DataFusionError::NotImplemented(what) => Error::unsupported(what),
        DataFusionError::ObjectStore(cause) => {
            FAILED_READ_FILE.with("path", "").caused_by(cause.to_string()).message(cause.to_string())
        }
        DataFusionError::IoError(cause) if is_spill_limit(cause) => spill_limit(cause),
        DataFusionError::IoError(cause) => {
            FAILED_READ_FILE.with("path", "").message(cause.to_string()).caused_by(cause.to_string())
        }
        DataFusionError::ExecutionJoin(join) if join.is_cancelled() => OPERATION_CANCELED.error(),
        _ => Error::internal(error.strip_backtrace()).caused_by(error),
    }
}

fn from_arrow(error: &ArrowError) -> Error {
    match error {
        ArrowError::DivideByZero => DIVIDE_BY_ZERO.with("config", ANSI),
        ArrowError::ArithmeticOverflow(message) => {
            ARITHMETIC_OVERFLOW.with("message", message).with("alternative", "").with("config", ANSI)
        }
        ArrowError::IoError(_, cause) if is_spill_limit(cause) => spill_limit(cause),
        _ => Error::internal(error),
    }
}

/// Whether the disk manager had no room. Its error has no type of its own: the setting that it names tells.
fn is_spill_limit(cause: &std::io::Error) -> bool {
    cause.to_string().contains("datafusion.runtime.max_temp_directory_size")
}

fn spill_limit(cause: &std::io::Error) -> Error {
    let text = cause.to_string();
    let message = text.split(". ").next().unwrap_or_default().trim_end_matches('.');
    SPILL_LIMIT.with("limit", "engine.spill_limit").with("message", message)
}

/// Our own error, however deeply DataFusion and Arrow have wrapped it.
fn find_own(error: &DataFusionError) -> Option<Error> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(own) = current.downcast_ref::<Error>() {
            return Some(own.clone());
        }
        cause = match current.downcast_ref::<ArrowError>() {
            Some(ArrowError::ExternalError(inner)) => Some(inner.as_ref()),
            _ => current.source(),
        };
    }
    match root(error) {
        DataFusionError::External(inner) => inner.downcast_ref::<Error>().cloned(),
        _ => None,
    }
}

/// The error inside of contexts and shared wrappers.
fn root(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => root(inner),
        DataFusionError::Shared(inner) => root(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(error, root),
        _ => error,
    }
}
