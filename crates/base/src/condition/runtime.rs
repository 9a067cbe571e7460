//! Table of conditions found while work runs: the user's data, limits, cancellation.

use super::conditions;

conditions! { RUNTIME:
    DIVIDE_BY_ZERO "DIVIDE_BY_ZERO" "22012" Runtime "Division by zero. try_divide gives NULL instead; so does <config> set to \"false\".";
    REMAINDER_BY_ZERO "REMAINDER_BY_ZERO" "22012" Runtime "Remainder by zero. try_mod gives NULL instead; so does <config> set to \"false\".";
    ARITHMETIC_OVERFLOW "ARITHMETIC_OVERFLOW" "22003" Runtime "<message>. <alternative>Set <config> to \"false\" to bypass this error.";
    CAST_INVALID_INPUT "CAST_INVALID_INPUT" "22018" Runtime "<expression> of type <sourceType> is not a value of <targetType>. try_cast gives NULL instead.";
    CAST_OVERFLOW "CAST_OVERFLOW" "22003" Runtime "<value> of type <sourceType> does not fit in <targetType>. try_cast gives NULL instead.";
    NUMERIC_VALUE_OUT_OF_RANGE "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION" "22003" Runtime "<value> does not fit in Decimal(<precision>, <scale>). Set <config> to \"false\" to get NULL instead.";
    INVALID_ARRAY_INDEX "INVALID_ARRAY_INDEX" "22003" Runtime "The index <indexValue> is outside an array of <arraySize> elements. get() gives NULL instead.";
    INVALID_ARRAY_INDEX_IN_ELEMENT_AT "INVALID_ARRAY_INDEX_IN_ELEMENT_AT" "22003" Runtime "The index <indexValue> is outside an array of <arraySize> elements. try_element_at gives NULL instead.";
    INVALID_INDEX_OF_ZERO "INVALID_INDEX_OF_ZERO" "22003" Runtime "Indexes start at 1, not at 0.";
    INVALID_PARAMETER_VALUE "INVALID_PARAMETER_VALUE" "22023" Runtime "The parameter <parameter> of <functionName> is not valid: <message>";
    SCALAR_SUBQUERY_TOO_MANY_ROWS "SCALAR_SUBQUERY_TOO_MANY_ROWS" "21000" Runtime "A scalar subquery gave more than one row.";
    NULL_MAP_KEY "NULL_MAP_KEY" "2200E" Runtime "NULL cannot be a key of a map.";
    DUPLICATED_MAP_KEY "DUPLICATED_MAP_KEY" "23505" Runtime "The map key <key> is there twice. Set <mapKeyDedupPolicy> to LAST_WIN to keep the last.";
    CANNOT_PARSE_TIMESTAMP "CANNOT_PARSE_TIMESTAMP" "22007" Runtime "<message>. try_to_timestamp gives NULL instead.";
    DATETIME_OVERFLOW "DATETIME_OVERFLOW" "22008" Runtime "The result is outside the range of dates: <operation>.";
    INTERVAL_ARITHMETIC_OVERFLOW "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION" "22015" Runtime "The interval is too long.";
    INVALID_INTERVAL_FORMAT_UNMATCHED "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING" "22006" Runtime "<input> is not an interval of the form <supportedFormat> (<intervalStr>, <typeName>).";
    INVALID_INTERVAL_FORMAT_UNMATCHED_WITH_NOTICE "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE" "22006" Runtime "<input> is not an interval of the form <supportedFormat> (<intervalStr>, <typeName>).";
    CONVERSION_INVALID_INPUT "CONVERSION_INVALID_INPUT" "22018" Runtime "The value <str> (<fmt>) is not a well-formed <targetType>. <suggestion> gives NULL instead.";
    INVALID_UTF8_STRING "INVALID_UTF8_STRING" "22029" Runtime "The string has bytes that are not UTF-8: <str>.";
    INVALID_PARAMETER_VALUE_PATTERN "INVALID_PARAMETER_VALUE.PATTERN" "22023" Runtime "The parameter <parameter> of <functionName> is not a regular expression: <value>.";
    INVALID_PARAMETER_VALUE_REGEX_GROUP_INDEX "INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX" "22023" Runtime "The parameter <parameter> of <functionName> is a group between 0 and <groupCount>, not <groupIndex>.";
    INVALID_PARAMETER_VALUE_CHARSET "INVALID_PARAMETER_VALUE.CHARSET" "22023" Runtime "The parameter <parameter> of <functionName> is one of <charsets>, not <charset>.";
    INVALID_PARAMETER_VALUE_ZONE "INVALID_TIMEZONE" "22009" Runtime "<timeZone> is not a time zone: neither a region such as Europe/Paris nor an offset such as +02:00.";
    INVALID_REGEXP_REPLACE "INVALID_REGEXP_REPLACE" "22023" Runtime "regexp_replace failed: source <source>, pattern <pattern>, replacement <replacement>, position <position>.";
    MALFORMED_CHARACTER_CODING "MALFORMED_CHARACTER_CODING" "22000" Runtime "<function> met a value that <charset> cannot express.";
    INVALID_FORMAT_MISMATCH_INPUT "INVALID_FORMAT.MISMATCH_INPUT" "42601" Runtime "The <inputType> <input> does not match the format <format>.";
    INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER" "22007" Runtime "The date pattern <pattern> has the character <c>, which means nothing there.";
    ILLEGAL_DAY_OF_WEEK "ILLEGAL_DAY_OF_WEEK" "22009" Runtime "<string> is not a day of the week.";
    DATETIME_FIELD_OUT_OF_BOUNDS "DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION" "22023" Runtime "<rangeMessage>. Set <ansiConfig> to \"false\" to get NULL instead.";
    INVALID_URL "INVALID_URL" "22P02" Runtime "<url> is not a URL. try_parse_url gives NULL instead.";
    CANNOT_DECODE_URL "CANNOT_DECODE_URL" "22546" Runtime "<url> cannot be decoded as a URL. try_url_decode gives NULL instead.";
    INVALID_FRACTION_OF_SECOND "INVALID_FRACTION_OF_SECOND" "22023" Runtime "The seconds are between 0 and 60, not <secAndMicros>.";
    INTERVAL_ARITHMETIC_OVERFLOW_WITH_SUGGESTION "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION" "22015" Runtime "The interval is too long. <functionName> gives NULL instead.";
    INTERVAL_DIVIDED_BY_ZERO "INTERVAL_DIVIDED_BY_ZERO" "22012" Runtime "An interval was divided by zero. try_divide gives NULL instead.";
    DATETIME_PATTERN_RECOGNITION "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION" "42K0B" Runtime "The date pattern <pattern> meant something in Spark 2 and does not now. Use letters of Spark 3's patterns, or set <config> to LEGACY.";
    DATETIME_WEEK_BASED_PATTERN "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN" "42K0B" Runtime "Week-based letters such as <c> are not allowed in date patterns. Use extract() instead.";
    INVALID_DATETIME_PATTERN_WITH_SUGGESTION "INVALID_DATETIME_PATTERN.WITH_SUGGESTION" "22007" Runtime "<pattern> is not a date pattern.";
    INVALID_PARAMETER_VALUE_BIT_POSITION_RANGE "INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE" "22023" Runtime "The parameter <parameter> of <functionName> must be from <lower> to below <upper>, not <invalidValue>.";
    BINARY_ARITHMETIC_OVERFLOW "BINARY_ARITHMETIC_OVERFLOW" "22003" Runtime "<value1> <symbol> <value2> overflows. <functionName> gives NULL instead.";
    USER_RAISED_EXCEPTION "USER_RAISED_EXCEPTION" "P0001" Runtime "<errorMessage>";
    ASSERTION_FAILED "ASSERT_TRUE_FAILED" "P0001" Runtime "<message>";
    FAILED_READ_FILE "FAILED_READ_FILE.NO_HINT" "KD001" Runtime "The file <path> could not be read.";
    TASK_WRITE_FAILED "TASK_WRITE_FAILED" "58030" Runtime "Rows could not be written to <path>.";
    UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE" "0A000" Analysis "Files of the format <format> cannot hold the column <columnName> of the type <columnType>.";
    CODEC_NOT_AVAILABLE "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION" "56038" Runtime "There is no codec <codecName>. There are: <availableCodecs>.";
    MALFORMED_RECORD_IN_PARSING "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION" "22023" Runtime "A record does not parse: <badRecord>.";
    OPERATION_CANCELED "OPERATION_CANCELED" "HY008" Cancelled "The operation was cancelled.";
    OPERATION_TIMEOUT "HEARTH_OPERATION_TIMEOUT" "57014" DeadlineExceeded "The operation ran longer than <limit> (<value>).";
    OUT_OF_MEMORY "HEARTH_MEMORY_LIMIT" "53200" Exhausted "The query needs more memory than <limit> (<value>) leaves: <message>";
    RESULT_QUOTA_EXCEEDED "HEARTH_RESULT_LIMIT" "54000" Exhausted "The result is larger than <limit> (<value>).";
    SERVER_STOPPED "HEARTH_SERVER_STOPPED" "58000" Unavailable "The server stopped while this operation was running. It was not run again.";
    INTERNAL_ERROR "INTERNAL_ERROR" "XX000" Internal "<message>";
}
