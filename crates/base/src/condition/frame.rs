//! Table of conditions that the DataFrame API meets: observed metrics, arguments of SQL, columns of other DataFrames.

use super::conditions;

conditions! { FRAME:
    OBSERVED_WINDOW "INVALID_OBSERVED_METRICS.WINDOW_EXPRESSIONS_UNSUPPORTED" "42K0E" Analysis "A metric may not be computed over a window: <expr>.";
    OBSERVED_DISTINCT "INVALID_OBSERVED_METRICS.AGGREGATE_EXPRESSION_WITH_DISTINCT_UNSUPPORTED" "42K0E" Analysis "A metric may not look at distinct values: <expr>.";
    OBSERVED_FILTER "INVALID_OBSERVED_METRICS.AGGREGATE_EXPRESSION_WITH_FILTER_UNSUPPORTED" "42K0E" Analysis "A metric may not have a FILTER: <expr>.";
    OBSERVED_NESTED "INVALID_OBSERVED_METRICS.NESTED_AGGREGATES_UNSUPPORTED" "42K0E" Analysis "A metric may not aggregate an aggregate: <expr>.";
    OBSERVED_NOT_DETERMINISTIC "INVALID_OBSERVED_METRICS.NON_AGGREGATE_FUNC_ARG_IS_NON_DETERMINISTIC" "42K0E" Analysis "<expr> gives another value each time, so it must be the argument of an aggregate function.";
    DUPLICATED_METRICS_NAME "DUPLICATED_METRICS_NAME" "42710" Analysis "Two observations of one query have the name <metricName>.";
    INVALID_SQL_ARG "INVALID_SQL_ARG" "42K08" Analysis "The argument <name> of sql() must be a literal, or a call of array, map, struct or the like over literals.";
    INVALID_QUERY_MIXED_QUERY_PARAMETERS "INVALID_QUERY_MIXED_QUERY_PARAMETERS" "42613" Analysis "A query has parameters by name or by place, not both.";
    PARTITION_TRANSFORM_OUTSIDE "PARTITION_TRANSFORM_EXPRESSION_NOT_IN_PARTITIONED_BY" "42S23" Analysis "<expression> may stand in partitionedBy only.";
    DEDUPLICATE_WITHIN_WATERMARK_OF_BATCH "_LEGACY_ERROR_TEMP_3102" "" Analysis "<msg>";
    INVALID_VIEW_NAME "_LEGACY_ERROR_TEMP_1321" "" Analysis "<viewName> is no name of a view.";
    PIVOT_WITHOUT_AGGREGATE "_LEGACY_ERROR_TEMP_1006" "" Analysis "A pivot takes aggregates, not <sql>.";
}
