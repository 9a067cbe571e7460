//! Table of conditions about reading files: their folders, their options, records that do not fit.

use super::conditions;

conditions! { READING:
    CONFLICTING_DIRECTORY_STRUCTURES "CONFLICTING_DIRECTORY_STRUCTURES" "KD009" Runtime "The folders of one read have more than one root: <discoveredBasePaths>. Name the root as the option basePath, or read the roots apart and unite them.";
    CONFLICTING_PARTITION_COLUMN_NAMES "CONFLICTING_PARTITION_COLUMN_NAMES" "KD009" Runtime "The folders of one read name different partition columns:<distinctPartColLists>Folders of data must all be at one depth. Suspicious:<suspiciousPaths>";
    EMPTY_PARTITION_COLUMN_NAME "EMPTY_PARTITION_COLUMN_NAME" "KD009" Runtime "The folder <columnSpec> has no name in front of its =.";
    EMPTY_PARTITION_COLUMN_VALUE "EMPTY_PARTITION_COLUMN_VALUE" "KD009" Runtime "The folder <columnSpec> has no value behind its =.";
    INVALID_PARTITION_VALUE "INVALID_PARTITION_VALUE" "42846" Runtime "The value <value> of the partition column <columnName> is no <dataType>.";
    INVALID_CORRUPT_RECORD_TYPE "INVALID_CORRUPT_RECORD_TYPE" "42804" Analysis "The column <columnName> for corrupt records must be a STRING that may be NULL, not <actualType>.";
    UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING "UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING" "0A000" Analysis "CHAR and VARCHAR are types of tables only. Take STRING.";
    INVALID_SINGLE_VARIANT_COLUMN "INVALID_SINGLE_VARIANT_COLUMN" "42613" Analysis "With singleVariantColumn the schema has that one VARIANT column, not <schema>.";
    PATH_GIVEN_TWICE "_LEGACY_ERROR_TEMP_1306" "" Analysis "Paths are given both as the option path and to load(). Set '<config>' to true to read both.";
    NOT_AN_INTEGER "_LEGACY_ERROR_TEMP_2146" "" Runtime "<paramName> is a whole number, not <value>.";
    NOT_A_FLAG "_LEGACY_ERROR_TEMP_2147" "" Internal "<paramName> is true or false.";
    HIVE_FILES "_LEGACY_ERROR_TEMP_1187" "" Analysis "Hive is for tables only: files of it cannot be used to <operation>.";
    KAFKA_MISSING "_LEGACY_ERROR_TEMP_1140" "" Analysis "<provider> is not there: it would have to be deployed with the server.";
    NO_READER "_LEGACY_ERROR_TEMP_1135" "" Analysis "<className> cannot be read from.";
    SOCKET_HOST_MISSING "_LEGACY_ERROR_TEMP_1295" "" Analysis "A socket needs the option host.";
    PARQUET_COLUMN_DATA_TYPE_MISMATCH "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH" "KD001" Runtime "In the file <path> the column <column> is <actualType>, which is not read as <expectedType>.";
}
