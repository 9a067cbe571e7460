//! What the options of text formats say: checked before anything is read, with Spark's errors.

use hearth_base::condition::{
    INVALID_NUMBER, INVALID_PARAMETER_VALUE_CHARSET, INVALID_REQUEST, NOT_A_FLAG, NOT_AN_INTEGER,
    OPTION_VALUE_EXCEEDS_ONE_CHARACTER, TEXT_ONE_COLUMN,
};
use hearth_base::{Error, Result};
use hearth_functions::records::TextFormat;

use super::charset::Charset;
use super::{SourceRequest, is_true};

/// Options that are yes or no, and that Spark tells by their name.
const CSV_FLAGS: [&str; 8] = [
    "header",
    "inferSchema",
    "ignoreLeadingWhiteSpace",
    "ignoreTrailingWhiteSpace",
    "quoteAll",
    "escapeQuotes",
    "enforceSchema",
    "preferDate",
];
/// Options that are yes or no.
const FLAGS: [&str; 16] = [
    "multiLine",
    "ignoreCorruptFiles",
    "ignoreMissingFiles",
    "recursiveFileLookup",
    "primitivesAsString",
    "prefersDecimal",
    "allowComments",
    "allowUnquotedFieldNames",
    "allowSingleQuotes",
    "allowNumericLeadingZeros",
    "allowNonNumericNumbers",
    "allowBackslashEscapingAnyCharacter",
    "allowUnquotedControlChars",
    "dropFieldIfAllNull",
    "inferTimestamp",
    "excludeAttribute",
];
const CSV_NUMBERS: [&str; 3] = ["maxColumns", "maxCharsPerColumn", "inputBufferSize"];

/// What Java says of a text that is no number.
pub fn not_a_number(text: &str) -> Error {
    INVALID_NUMBER.with("message", format!("For input string: \"{text}\""))
}

fn required(what: impl std::fmt::Display) -> Error {
    INVALID_REQUEST.with("message", format!("requirement failed: {what}"))
}

/// The options of CSV, JSON and XML.
pub fn check(request: &SourceRequest<'_>, format: TextFormat) -> Result<()> {
    check_separator(request)?;
    let is_flag = |value: &str| value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
    for name in FLAGS {
        if let Some(value) = request.option(name).filter(|value| !is_flag(value)) {
            return Err(INVALID_REQUEST.with("message", format!("For input string: \"{value}\"")));
        }
    }
    if let Some(text) = request.option("samplingRatio").filter(|_| request.schema.is_none()) {
        let ratio: f64 = text.trim().parse().map_err(|_| not_a_number(text))?;
        let infers = format != TextFormat::Csv || is_true(request.option("inferSchema"), false);
        if infers && ratio <= 0.0 {
            return Err(required(format!("samplingRatio ({ratio:?}) should be greater than 0")));
        }
    }
    match format {
        TextFormat::Csv => check_dialect(request),
        TextFormat::Json => check_json_encoding(request),
        TextFormat::Xml if request.option("rowValidationXSDPath").is_some() => {
            Err(Error::unsupported("the validation of XML by rowValidationXSDPath"))
        }
        TextFormat::Xml if request.option("valueTag") == Some("") => {
            Err(required("'valueTag' option should not be empty string."))
        }
        TextFormat::Xml => Ok(()),
    }
}

/// Nothing ends no line.
pub fn check_separator(request: &SourceRequest<'_>) -> Result<()> {
    match request.option("lineSep") {
        Some("") => Err(required("'lineSep' cannot be an empty string.")),
        Some(_) | None => Ok(()),
    }
}

/// Text files have one column of text.
pub fn check_text_schema(request: &SourceRequest<'_>) -> Result<()> {
    let Some(schema) = request.schema else { return Ok(()) };
    if request.partition_columns.is_some() {
        return Ok(());
    }
    crate::sinks::check_columns("text", schema)?;
    if schema.fields.len() > 1 {
        return Err(TEXT_ONE_COLUMN.with("schemaSize", schema.fields.len()));
    }
    Ok(())
}

/// Fields end with something, and what quotes them is one character.
fn check_dialect(request: &SourceRequest<'_>) -> Result<()> {
    if request.option("sep").or_else(|| request.option("delimiter")) == Some("") {
        return Err(INVALID_REQUEST.with("message", "Delimiter cannot be empty"));
    }
    if request.option("lineSep").is_some_and(|separator| separator.chars().count() > 2) {
        return Err(required("'lineSep' can contain only 1 character."));
    }
    for name in CSV_FLAGS {
        let is_flag = |value: &str| value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
        if request.option(name).is_some_and(|value| !is_flag(value)) {
            return Err(NOT_A_FLAG.with("paramName", name));
        }
    }
    if let Some(value) = request.option("unescapedQuoteHandling") {
        let known = ["STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER", "STOP_AT_DELIMITER", "SKIP_VALUE", "RAISE_ERROR"];
        if !known.iter().any(|known| known.eq_ignore_ascii_case(value)) {
            return Err(INVALID_REQUEST.with("message", format!("There is no unescapedQuoteHandling {value}")));
        }
    }
    for name in CSV_NUMBERS {
        if let Some(value) = request.option(name).filter(|value| value.parse::<i32>().is_err()) {
            return Err(NOT_AN_INTEGER.with("paramName", name).with("value", value));
        }
    }
    for name in ["quote", "escape", "comment", "charToEscapeQuoteEscaping"] {
        if let Some(value) = request.option(name).filter(|value| value.chars().count() > 1) {
            return Err(OPTION_VALUE_EXCEEDS_ONE_CHARACTER.with("paramName", name).with("actualValue", value));
        }
    }
    Ok(())
}

/// JSON in lines must be cut without decoding it.
fn check_json_encoding(request: &SourceRequest<'_>) -> Result<()> {
    let Some(name) = request.option("encoding").or_else(|| request.option("charset")) else { return Ok(()) };
    if is_true(request.option("multiLine"), false) {
        return Ok(());
    }
    let upper = name.to_ascii_uppercase();
    if upper == "UTF-16" || upper == "UTF-32" {
        let refused = format!("The {name} encoding must not be included in the denyList when multiLine is disabled:");
        return Err(required(refused));
    }
    let is_known = Charset::named(Some(name)).is_some();
    if is_known && upper != "UTF-8" && request.option("lineSep").is_none() {
        return Err(required(format!("The lineSep option must be specified for the {upper} encoding")));
    }
    Ok(())
}

/// The option `encoding`, of which Spark knows a few.
pub fn charset_of_records(request: &SourceRequest<'_>, format: TextFormat) -> Result<Charset> {
    let name = request.option("encoding").or_else(|| request.option("charset"));
    if name.is_none() && format == TextFormat::Json && is_true(request.option("multiLine"), false) {
        return Ok(Charset::Found);
    }
    let of_options = match format {
        TextFormat::Csv => "`CSVOptions`",
        TextFormat::Json => "`JSONOptionsInRead`",
        // Any name that Java knows.
        TextFormat::Xml => return Ok(Charset::named(name).unwrap_or_default()),
    };
    let given = name.unwrap_or("UTF-8");
    if given.eq_ignore_ascii_case("utf-32") {
        return Err(Error::unsupported("text in UTF-32"));
    }
    let known = ["iso-8859-1", "us-ascii", "utf-16", "utf-16be", "utf-16le", "utf-8"];
    let known = known.iter().any(|known| known.eq_ignore_ascii_case(given));
    known.then(|| Charset::named(Some(given))).flatten().ok_or_else(|| {
        INVALID_PARAMETER_VALUE_CHARSET
            .with("functionName", of_options)
            .with("parameter", "`charset`")
            .with("charset", given)
            .with("charsets", "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8")
    })
}
