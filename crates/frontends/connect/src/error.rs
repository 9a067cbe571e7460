//! Core's errors on this wire.
//!
//! A failed call is a gRPC status with `google.rpc.ErrorInfo`, as Spark's `ErrorUtils` makes it: the class and its
//! ancestors tell a client which exception to raise, `errorId` leads to FetchErrorDetails. A failed operation is the
//! same status at the end of its stream; `request_error` and `operation_failure` differ in who remembers the error, and
//! in whether its client may try again. What another Spark said of an error goes on as it is.

use std::collections::HashMap;
use std::sync::Arc;

use hearth_base::condition::{DRAINING, INVALID_NUMBER, INVALID_REQUEST, UNREADABLE_RECORD};
use hearth_base::{Error, ErrorKind};
use hearth_core::Session;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const DOMAIN: &str = "org.apache.spark";
/// Longest message of a status; the rest comes with FetchErrorDetails. Spark's `MAX_MESSAGE_LENGTH`.
const MAX_MESSAGE: usize = 2048;
/// Longest `messageParameters` that travels with the status; headers have a limit.
const MAX_PARAMETERS: usize = 1024;

/// At most so many classes travel with the status; Java's hierarchies are not as deep.
const MAX_CLASSES: usize = 32;

/// The status of a call that failed before or outside of a session.
pub fn request_error(error: &Error) -> Status {
    status(error, code(error.kind()), None)
}

/// The status of work that failed in `session`, which keeps the error so that a client can ask for its details.
pub fn operation_failure(session: &Session, error: &Arc<Error>) -> Status {
    let id = session.remember_error(Arc::clone(error));
    let code = match error.kind() {
        // A client would come back for minutes for an engine that is gone; a server that goes lets it try another one.
        ErrorKind::Unavailable if error.condition() != DRAINING => Code::Internal,
        kind => code(kind),
    };
    status(error, code, Some(id))
}

fn status(error: &Error, code: Code, error_id: Option<String>) -> Status {
    let classes = classes(error);
    let mut metadata = HashMap::from([("classes".to_owned(), serde_json::json!(classes).to_string())]);
    if let Some((name, sqlstate)) = condition(error) {
        metadata.insert("errorClass".to_owned(), name.to_owned());
        if !sqlstate.is_empty() {
            metadata.insert("sqlState".to_owned(), sqlstate.to_owned());
        }
        let parameters: HashMap<&str, &str> = error.named_parameters().collect();
        let parameters = serde_json::json!(parameters).to_string();
        if parameters.len() <= MAX_PARAMETERS {
            metadata.insert("messageParameters".to_owned(), parameters);
        }
    }
    if let Some(id) = error_id {
        metadata.insert("errorId".to_owned(), id);
    }
    let details = ErrorDetails::with_error_info(classes[0], DOMAIN, metadata);
    Status::with_error_details(code, shorten(error.to_string()), details)
}

/// The condition's name and SQLSTATE, where the error has one. Spark throws plain Java exceptions for messages that make
/// no sense, and another Spark may have told of an exception of any kind.
pub fn condition(error: &Error) -> Option<(&str, &str)> {
    let has_one = match error.as_foreign() {
        Some(foreign) => foreign.condition.is_some(),
        None => ![INVALID_REQUEST, INVALID_NUMBER, UNREADABLE_RECORD].contains(&error.condition()),
    };
    has_one.then(|| (error.name(), error.sqlstate()))
}

fn shorten(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        let end = (0..=MAX_MESSAGE).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
        message.truncate(end);
        message.push('…');
    }
    message
}

/// Spark answers everything it throws itself with `INTERNAL`; clients look at the details. The rest are the codes
/// that a gRPC client knows what to do with.
fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::Denied => Code::PermissionDenied,
        ErrorKind::Exhausted => Code::ResourceExhausted,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::InvalidRequest
        | ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::Parse
        | ErrorKind::Analysis
        | ErrorKind::Runtime
        | ErrorKind::UserCode
        | ErrorKind::Unsupported
        | ErrorKind::Cancelled
        | ErrorKind::DeadlineExceeded
        | ErrorKind::Internal => Code::Internal,
    }
}

/// The Java class that Spark throws, and its ancestors; clients raise the first that they know.
pub fn classes(error: &Error) -> Vec<&str> {
    match error.as_foreign() {
        Some(foreign) if !foreign.classes.is_empty() => {
            foreign.classes.iter().take(MAX_CLASSES).map(String::as_str).collect()
        }
        Some(_) | None => own_classes(error).to_vec(),
    }
}

fn own_classes(error: &Error) -> &'static [&'static str] {
    if let Some(classes) = classes_of_condition(error) {
        return classes;
    }
    match error.kind() {
        ErrorKind::Parse => PARSE,
        ErrorKind::Analysis => ANALYSIS,
        ErrorKind::Runtime => RUNTIME,
        ErrorKind::Unsupported => UNSUPPORTED,
        ErrorKind::NotFound | ErrorKind::AlreadyExists | ErrorKind::Conflict | ErrorKind::Cancelled => SQL,
        ErrorKind::InvalidRequest if error.condition() == INVALID_REQUEST => ILLEGAL_ARGUMENT,
        ErrorKind::InvalidRequest => INVALID_INPUT,
        ErrorKind::UserCode
        | ErrorKind::Unauthenticated
        | ErrorKind::Denied
        | ErrorKind::Exhausted
        | ErrorKind::DeadlineExceeded
        | ErrorKind::Unavailable
        | ErrorKind::Internal => SPARK,
    }
}

/// Conditions that Spark tells with the line of the script and no more.
const OF_SCRIPTS: [&str; 20] = [
    "DUPLICATE_EXCEPTION_HANDLER.CONDITION",
    "DUPLICATE_EXCEPTION_HANDLER.SQLSTATE",
    "END_LABEL_WITHOUT_BEGIN_LABEL",
    "INVALID_BOOLEAN_STATEMENT",
    "INVALID_ERROR_CONDITION_DECLARATION.NOT_AT_START_OF_COMPOUND_STATEMENT",
    "INVALID_HANDLER_DECLARATION.CONDITION_NOT_FOUND",
    "INVALID_HANDLER_DECLARATION.DUPLICATE_CONDITION_IN_HANDLER_DECLARATION",
    "INVALID_HANDLER_DECLARATION.DUPLICATE_SQLSTATE_IN_HANDLER_DECLARATION",
    "INVALID_HANDLER_DECLARATION.INVALID_CONDITION_COMBINATION",
    "INVALID_HANDLER_DECLARATION.WRONG_PLACE_OF_DECLARATION",
    "INVALID_LABEL_USAGE.DOES_NOT_EXIST",
    "INVALID_LABEL_USAGE.ITERATE_IN_COMPOUND",
    "INVALID_SQLSTATE",
    "INVALID_VARIABLE_DECLARATION.NOT_ALLOWED_IN_SCOPE",
    "INVALID_VARIABLE_DECLARATION.ONLY_AT_BEGINNING",
    "LABELS_MISMATCH",
    "LABEL_OR_FOR_VARIABLE_ALREADY_EXISTS",
    "LABEL_OR_FOR_VARIABLE_NAME_FORBIDDEN",
    "UNSUPPORTED_FEATURE.CONTINUE_EXCEPTION_HANDLER",
    "UNSUPPORTED_FEATURE.SQL_CURSOR",
];

/// Conditions of a family whose others have another class.
const OF_ARGUMENTS: [&str; 8] = [
    "INVALID_FORMAT.MISMATCH_INPUT",
    "INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE",
    "INVALID_PARAMETER_VALUE.CHARSET",
    "INVALID_PARAMETER_VALUE.TIME_UNIT",
    "_LEGACY_ERROR_TEMP_3231",
    "_LEGACY_ERROR_TEMP_3238",
    "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN",
    "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER",
];

/// Whether Spark tells of an empty place where none is known: the expressions that raise these conditions always hand on
/// the place that they were made with.
pub fn has_unknown_place(error: &Error) -> bool {
    if error.as_foreign().is_some() || error.kind() != ErrorKind::Runtime {
        return false;
    }
    let parameter = |key: &str| error.parameters().iter().find(|(name, _)| *name == key).map_or("", |(_, value)| value);
    match error.name() {
        "ARITHMETIC_OVERFLOW" => parameter("message").starts_with("Overflow") || !parameter("alternative").is_empty(),
        "CAST_INVALID_INPUT"
        | "DIVIDE_BY_ZERO"
        | "REMAINDER_BY_ZERO"
        | "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION"
        | "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION"
        | "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION"
        | "INTERVAL_DIVIDED_BY_ZERO"
        | "INVALID_ARRAY_INDEX"
        | "INVALID_ARRAY_INDEX_IN_ELEMENT_AT"
        | "INVALID_INDEX_OF_ZERO"
        | "SCALAR_SUBQUERY_TOO_MANY_ROWS" => true,
        _ => false,
    }
}

/// Conditions whose class is not that of their kind.
fn classes_of_condition(error: &Error) -> Option<&'static [&'static str]> {
    let name = error.name();
    let parameter = |key: &str| error.named_parameters().find(|(name, _)| *name == key).map_or("", |(_, value)| value);
    if OF_SCRIPTS.contains(&name) {
        return Some(SCRIPTING);
    }
    if OF_ARGUMENTS.contains(&name) {
        return Some(ILLEGAL_ARGUMENT);
    }
    Some(match name.split('.').next().unwrap_or(name) {
        "DIVIDE_BY_ZERO"
        | "REMAINDER_BY_ZERO"
        | "ARITHMETIC_OVERFLOW"
        | "CAST_OVERFLOW"
        | "CAST_OVERFLOW_IN_TABLE_INSERT"
        | "NUMERIC_VALUE_OUT_OF_RANGE"
        | "INTERVAL_ARITHMETIC_OVERFLOW"
        | "INTERVAL_DIVIDED_BY_ZERO"
        | "BINARY_ARITHMETIC_OVERFLOW"
        | "DATETIME_OVERFLOW" => ARITHMETIC,
        "CAST_INVALID_INPUT" => match parameter("targetType").trim_matches('"') {
            "DATE" | "TIMESTAMP" | "TIMESTAMP_NTZ" => DATETIME,
            time if time.starts_with("TIME(") => DATETIME,
            "BOOLEAN" => RUNTIME,
            _ => NUMBER_FORMAT,
        },
        "CANNOT_PARSE_TIMESTAMP" | "CANNOT_PARSE_TIME" | "DATETIME_FIELD_OUT_OF_BOUNDS" => DATETIME,
        "INVALID_ARRAY_INDEX" | "INVALID_ARRAY_INDEX_IN_ELEMENT_AT" => ARRAY_INDEX,
        "SQL_CONF_NOT_FOUND" => NO_SUCH_ELEMENT,
        "INVALID_CONF_VALUE"
        | "UNRECOGNIZED_STATISTIC"
        | "CANNOT_DECODE_URL"
        | "INVALID_URL"
        | "CONVERSION_INVALID_INPUT"
        | "ILLEGAL_DAY_OF_WEEK"
        | "INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION"
        | "INVALID_UTF8_STRING"
        | "ST_INVALID_SRID_VALUE"
        | "ST_INVALID_ENDIANNESS_VALUE"
        | "WKB_PARSE_ERROR" => ILLEGAL_ARGUMENT,
        "CODEC_NOT_AVAILABLE" | "_LEGACY_ERROR_TEMP_2047" => ILLEGAL_ARGUMENT,
        "DATA_SOURCE_NOT_FOUND" => CLASS_NOT_FOUND,
        "UNSUPPORTED_ARROWTYPE" => UNSUPPORTED,
        "INVALID_TIMEZONE" => DATETIME,
        "HLL_INVALID_LG_K" | "APPROX_TOP_K_NON_POSITIVE_ARG" | "INVALID_VARIANT_GET_PATH" => RUNTIME,
        "INCONSISTENT_BEHAVIOR_CROSS_VERSION" => UPGRADE,
        "HEARTH_INVALID_NUMBER" => NUMBER_FORMAT,
        "HEARTH_UNREADABLE_RECORD" => TEXT_PARSING,
        "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION" if error.kind() == ErrorKind::Runtime => ARITHMETIC,
        "SCALAR_SUBQUERY_TOO_MANY_ROWS"
        | "FAILED_READ_FILE"
        | "TASK_WRITE_FAILED"
        | "CATALOG_NOT_FOUND"
        | "MALFORMED_RECORD_IN_PARSING"
        | "COLLATION_INVALID_NAME"
        | "PARTITION_TRANSFORM_EXPRESSION_NOT_IN_PARTITIONED_BY" => SPARK,
        "UNSUPPORTED_FEATURE" if ["MERGE INTO TABLE", "UPDATE TABLE"].contains(&parameter("operation")) => UNSUPPORTED,
        "UNSUPPORTED_PARTITION_TRANSFORM" => UNSUPPORTED,
        "UNSUPPORTED_FEATURE" if name == "UNSUPPORTED_FEATURE.WRITE_FOR_BINARY_SOURCE" => UNSUPPORTED,
        "INVALID_INTERVAL_FORMAT" if error.kind() == ErrorKind::Runtime && error.contexts().is_empty() => {
            ILLEGAL_ARGUMENT
        }
        _ => return None,
    })
}

const PARSE: &[&str] = &[
    "org.apache.spark.sql.catalyst.parser.ParseException",
    "org.apache.spark.sql.AnalysisException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const ANALYSIS: &[&str] = &[
    "org.apache.spark.sql.catalyst.ExtendedAnalysisException",
    "org.apache.spark.sql.AnalysisException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const SCRIPTING: &[&str] = &[
    "org.apache.spark.sql.exceptions.SqlScriptingException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const RUNTIME: &[&str] = &[
    "org.apache.spark.SparkRuntimeException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const ARITHMETIC: &[&str] = &[
    "org.apache.spark.SparkArithmeticException",
    "java.lang.ArithmeticException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const DATETIME: &[&str] = &[
    "org.apache.spark.SparkDateTimeException",
    "java.time.DateTimeException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const UPGRADE: &[&str] = &[
    "org.apache.spark.SparkUpgradeException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
/// What the parser of CSV throws, which clients have no class for.
const TEXT_PARSING: &[&str] = &[
    "com.univocity.parsers.common.TextParsingException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const NUMBER_FORMAT: &[&str] = &[
    "org.apache.spark.SparkNumberFormatException",
    "java.lang.NumberFormatException",
    "java.lang.IllegalArgumentException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const ARRAY_INDEX: &[&str] = &[
    "org.apache.spark.SparkArrayIndexOutOfBoundsException",
    "java.lang.ArrayIndexOutOfBoundsException",
    "java.lang.IndexOutOfBoundsException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const NO_SUCH_ELEMENT: &[&str] = &[
    "org.apache.spark.SparkNoSuchElementException",
    "java.util.NoSuchElementException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const ILLEGAL_ARGUMENT: &[&str] = &[
    "org.apache.spark.SparkIllegalArgumentException",
    "java.lang.IllegalArgumentException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const UNSUPPORTED: &[&str] = &[
    "org.apache.spark.SparkUnsupportedOperationException",
    "java.lang.UnsupportedOperationException",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const CLASS_NOT_FOUND: &[&str] = &[
    "org.apache.spark.SparkClassNotFoundException",
    "java.lang.ClassNotFoundException",
    "java.lang.ReflectiveOperationException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const SQL: &[&str] = &[
    "org.apache.spark.SparkSQLException",
    "java.sql.SQLException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const INVALID_INPUT: &[&str] = &[
    "org.apache.spark.sql.connect.common.InvalidPlanInput",
    "java.lang.RuntimeException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const SPARK: &[&str] =
    &["org.apache.spark.SparkException", "java.lang.Exception", "java.lang.Throwable", "java.lang.Object"];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_base::Foreign;
    use hearth_base::condition::{ENGINE_LOST, TABLE_OR_VIEW_NOT_FOUND};
    use hearth_core::Limits;
    use hearth_testkit::TestHearth;

    use super::*;

    fn foreign() -> Foreign {
        Foreign {
            condition: Some("STREAM_FAILED".to_owned()),
            sqlstate: Some("XXKST".to_owned()),
            parameters: vec![("id".to_owned(), "1".to_owned())],
            classes: vec![
                "org.apache.spark.sql.streaming.StreamingQueryException".to_owned(),
                "java.lang.Exception".to_owned(),
            ],
            message: "[STREAM_FAILED] Query 1 ended. SQLSTATE: XXKST".to_owned(),
            details: None,
        }
    }

    fn metadata(status: &Status) -> HashMap<String, String> {
        status.get_details_error_info().unwrap().metadata
    }

    #[test]
    fn another_sparks_error_goes_on_as_it_was_told() {
        let status = request_error(&Error::foreign(ErrorKind::Runtime, foreign()));
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "[STREAM_FAILED] Query 1 ended. SQLSTATE: XXKST")
        );
        assert_eq!(
            status.get_details_error_info().unwrap().reason,
            "org.apache.spark.sql.streaming.StreamingQueryException"
        );
        let expected = [
            ("classes", r#"["org.apache.spark.sql.streaming.StreamingQueryException","java.lang.Exception"]"#),
            ("errorClass", "STREAM_FAILED"),
            ("sqlState", "XXKST"),
            ("messageParameters", r#"{"id":"1"}"#),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(metadata(&status), HashMap::from(expected));
    }

    #[test]
    fn an_exception_without_a_condition_has_none_here() {
        let told = Foreign { condition: None, sqlstate: None, message: "null".to_owned(), ..foreign() };
        let status = request_error(&Error::foreign(ErrorKind::Internal, told));
        assert_eq!(status.message(), "null");
        assert_eq!(metadata(&status).keys().collect::<Vec<_>>(), ["classes"]);
    }

    #[test]
    fn an_error_that_is_not_told_of_its_classes_has_those_of_its_kind() {
        let told = Foreign { classes: Vec::new(), ..foreign() };
        assert_eq!(classes(&Error::foreign(ErrorKind::Analysis, told)), ANALYSIS);
    }

    #[tokio::test]
    async fn clients_do_not_come_back_for_work_whose_engine_is_gone() {
        let folder = tempfile::TempDir::new().unwrap();
        let session = TestHearth::new(folder.path(), Limits::default()).session().await.unwrap();
        let lost = ENGINE_LOST.with("engine", "far").with("reason", "it broke");
        assert_eq!(request_error(&lost).code(), Code::Unavailable);
        assert_eq!(operation_failure(&session, &Arc::new(lost)).code(), Code::Internal);
        assert_eq!(operation_failure(&session, &Arc::new(DRAINING.error())).code(), Code::Unavailable);
        let ours = Arc::new(TABLE_OR_VIEW_NOT_FOUND.with("relationName", "`t`"));
        let status = operation_failure(&session, &ours);
        assert!(session.error(&metadata(&status)["errorId"]).is_some());
        assert_eq!(metadata(&status)["messageParameters"], r#"{"relationName":"`t`"}"#);
    }
}
