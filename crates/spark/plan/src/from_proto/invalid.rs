//! What is wrong with a plan on the wire, as errors.

use hearth_base::condition::{
    ASSERTION_FAILURE, DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION, INVALID_ENUM, LIMIT_EXCEEDED, ONE_OF_FIELD_NOT_SET,
    ONE_OF_FIELD_NOT_SUPPORTED, PLAN_CANNOT_PARSE, PLAN_TOO_DEEP, PLAN_TOO_LARGE,
};
use hearth_base::error::ErrorKind;
use hearth_base::{Condition, Error};
use hearth_proto::DecodeError;
use hearth_proto::connect as pb;
use hearth_types::data_type::MAX_DECIMAL_PRECISION;

/// A oneof of the message `full_name` has no value. Spark names the oneof as Java does: `op_type` is `OPTYPE_NOT_SET`.
pub(super) fn not_set(full_name: &'static str, oneof: &'static str) -> Error {
    let name = format!("{}_NOT_SET", oneof.replace('_', "").to_uppercase());
    ONE_OF_FIELD_NOT_SET.with("fullName", full_name).with("name", name)
}

/// A oneof has a value that no server takes.
pub(super) fn not_supported(full_name: &'static str, field: &'static str, number: u32) -> Error {
    ONE_OF_FIELD_NOT_SUPPORTED.with("fullName", full_name).with("name", field).with("number", number)
}

/// A decimal with more digits than there are.
pub(super) fn decimal_too_wide(precision: impl std::fmt::Display) -> Error {
    DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION.with("precision", precision).with("maxPrecision", MAX_DECIMAL_PRECISION)
}

/// A value, not the text of a type, is what has too many digits.
pub(super) fn decimal_value_too_wide(precision: impl std::fmt::Display) -> Error {
    let condition = Condition { kind: ErrorKind::Runtime, ..DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION };
    condition.with("precision", precision).with("maxPrecision", MAX_DECIMAL_PRECISION)
}

/// A value of the enum `full_name` that means nothing here.
pub(super) fn enum_value(full_name: &'static str, name: &str, number: i32) -> Error {
    INVALID_ENUM.with("fullName", full_name).with("name", name).with("number", number)
}

/// Something that must hold does not.
pub(super) fn assertion(message: impl std::fmt::Display) -> Error {
    ASSERTION_FAILURE.with("message", message)
}

/// Bytes that are no plan, or one over a limit.
pub(super) fn undecodable(error: DecodeError) -> Error {
    match &error {
        DecodeError::TooDeep { limit } => PLAN_TOO_DEEP.with("limit", "MAX_PLAN_DEPTH").with("value", limit),
        DecodeError::TooLarge { limit } => PLAN_TOO_LARGE
            .with("planSize", format!("more than {limit}"))
            .with("maxPlanSize", limit)
            .with("limit", "MAX_DECOMPRESSED_PLAN_BYTES"),
        DecodeError::TooMany { limit } => LIMIT_EXCEEDED
            .with("what", "The number of messages in the plan")
            .with("limit", "MAX_MESSAGE_ITEMS")
            .with("value", limit),
        DecodeError::UnknownCodec { codec } => {
            let name = pb::CompressionCodec::try_from(*codec).map_or("UNRECOGNIZED", |known| known.as_str_name());
            enum_value("spark.connect.CompressionCodec", name, *codec)
        }
        DecodeError::Malformed(_) => PLAN_CANNOT_PARSE.with("errorMsg", &error).caused_by(error),
    }
}
