//! Table of conditions about files, tables of files and their statements.

use super::conditions;

conditions! { TABLES:
    TIME_TRAVEL_UNSUPPORTED "UNSUPPORTED_FEATURE.TIME_TRAVEL" "0A000" Analysis "Old versions of <relationId> cannot be read.";
    TEMP_TABLE_WITHOUT_PROVIDER "_LEGACY_ERROR_TEMP_0046" "" Parse "CREATE TEMPORARY TABLE needs a provider: USING format.";
    CLUSTERING_COLUMN_NOT_FOUND "_LEGACY_ERROR_TEMP_3060" "" Analysis "The column <i> is not in this schema:\n<schema>";
    OPTION_VALUE_EXCEEDS_ONE_CHARACTER "OPTION_VALUE_EXCEEDS_ONE_CHARACTER" "22023" Runtime "<paramName> is one character, not <actualValue>.";
    TEMPORARY_VIEW_WITH_SCHEMA_BINDING_MODE "UNSUPPORTED_FEATURE.TEMPORARY_VIEW_WITH_SCHEMA_BINDING_MODE" "0A000" Analysis "A temporary view has no schema binding.";
    INVALID_TIME_TRAVEL_SPEC "INVALID_TIME_TRAVEL_SPEC" "42K0E" Analysis "A version and a time do not go together.";
    INSERT_PARTITION_COLUMN_ARITY_MISMATCH "INSERT_PARTITION_COLUMN_ARITY_MISMATCH" "21S01" Analysis "For <tableName>: it has the columns <tableColumns>, of which <staticPartCols> are given, and the data has <dataColumns>.";
    UNSUPPORTED_PARTITION_TRANSFORM "UNSUPPORTED_PARTITION_TRANSFORM" "0A000" Analysis "A table of files cannot be partitioned by <transform>.";
    UNSUPPORTED_OVERWRITE_TABLE "UNSUPPORTED_OVERWRITE.TABLE" "42902" Analysis "The table <table> cannot be overwritten by a query that reads it.";
    UNSUPPORTED_OVERWRITE_PATH "UNSUPPORTED_OVERWRITE.PATH" "42902" Analysis "The path <path> cannot be overwritten by a query that reads it.";
    HIVE_SUPPORT_REQUIRED "NOT_SUPPORTED_COMMAND_WITHOUT_HIVE_SUPPORT" "0A000" Analysis "<cmd> needs Hive, which is not here.";
    CAST_OVERFLOW_IN_TABLE_INSERT "CAST_OVERFLOW_IN_TABLE_INSERT" "22003" Runtime "A value of <sourceType> does not fit into the column <columnName> of <targetType>.";
    INVALID_DEFAULT_DATA_TYPE "INVALID_DEFAULT_VALUE.DATA_TYPE" "42623" Analysis "<statement>: the default <defaultValue> of <colName> is <actualType>, not <expectedType>.";
    INVALID_DEFAULT_SUBQUERY "INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION" "42623" Analysis "<statement>: the default <defaultValue> of <colName> has a query in it.";
    INVALID_DEFAULT_NOT_CONSTANT "INVALID_DEFAULT_VALUE.NOT_CONSTANT" "42623" Analysis "<statement>: the default <defaultValue> of <colName> is no constant.";
    LOAD_DATA_INTO_FILE_TABLE "_LEGACY_ERROR_TEMP_1261" "" Analysis "LOAD DATA is not for tables of data sources: <tableIdentWithDB>.";
    ANALYZE_UNSUPPORTED_COLUMN_TYPE "UNSUPPORTED_FEATURE.ANALYZE_UNSUPPORTED_COLUMN_TYPE" "0A000" Analysis "The column <columnName> of <tableName> has no statistics, since it is <columnType>.";
    ANALYZE_UNCACHED_TEMP_VIEW "UNSUPPORTED_FEATURE.ANALYZE_UNCACHED_TEMP_VIEW" "0A000" Analysis "The temporary view <viewName> has no statistics unless it is cached.";
    ANALYZE_VIEW_UNSUPPORTED "UNSUPPORTED_FEATURE.ANALYZE_VIEW" "0A000" Analysis "A view has no statistics.";
    TEXT_ONE_COLUMN "_LEGACY_ERROR_TEMP_1290" "" Analysis "Text files have one column, not <schemaSize>.";
    NOT_PARTITIONED_BY_CATALOG "_LEGACY_ERROR_TEMP_1251" "" Analysis "<action> needs partitions, which <tableName> has not.";
    SORT_BY_WITHOUT_BUCKETING "SORT_BY_WITHOUT_BUCKETING" "42601" Analysis "sortBy needs bucketBy.";
    WRITE_FOR_BINARY_SOURCE "UNSUPPORTED_FEATURE.WRITE_FOR_BINARY_SOURCE" "0A000" Analysis "Binary files are read only.";
    INVALID_MODIFIED_TIME "_LEGACY_ERROR_TEMP_1294" "" Analysis "The option '<strategy>' needs a time, and '<timeString>' is none.";
    CODEC_SHORT_NAME_NOT_FOUND "CODEC_SHORT_NAME_NOT_FOUND" "42704" Runtime "There is no codec <codecName>.";
}
