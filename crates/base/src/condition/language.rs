//! Table of conditions of the query language: subqueries, lateral joins, recursion, function clauses, windows.

use super::conditions;

conditions! { LANGUAGE:
    CORRELATED_REFERENCE "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.CORRELATED_REFERENCE" "0A000" Analysis "Outer columns cannot stand here: <sqlExprs>.";
    MIXED_OUTER_LOCAL_AGGREGATE "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.AGGREGATE_FUNCTION_MIXED_OUTER_LOCAL_REFERENCES" "0A000" Analysis "An aggregate of a subquery takes outer columns or its own, not both: <function>.";
    SUBQUERY_IN_LAMBDA "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.HIGHER_ORDER_FUNCTION" "0A000" Analysis "A lambda cannot hold a subquery.";
    SUBQUERY_NOT_GROUPED "SCALAR_SUBQUERY_IS_IN_GROUP_BY_OR_AGGREGATE_FUNCTION" "0A000" Analysis "The correlated scalar subquery <sqlExpr> is neither grouped nor inside an aggregate.";
    INVALID_LATERAL_JOIN_TYPE "INVALID_LATERAL_JOIN_TYPE" "42613" Analysis "A <joinType> join has no LATERAL side.";
    LATERAL_WITHOUT_SUBQUERY "INVALID_SQL_SYNTAX.LATERAL_WITHOUT_SUBQUERY_OR_TABLE_VALUED_FUNC" "42000" Parse "LATERAL stands before a subquery or a table function.";
    INCOMPATIBLE_JOIN_TYPES "INCOMPATIBLE_JOIN_TYPES" "42613" Parse "A join is not <joinType1> and <joinType2>.";
    TABLESAMPLE_BYTES "_LEGACY_ERROR_TEMP_0016" "" Parse "<bytesStr> is no number of bytes.";
    LATERAL_JOIN_USING "UNSUPPORTED_FEATURE.LATERAL_JOIN_USING" "0A000" Analysis "A lateral join has no USING.";
    OUTER_VALUE_IN_INLINE_TABLE "INVALID_INLINE_TABLE.CANNOT_EVALUATE_EXPRESSION_IN_INLINE_TABLE" "42000" Analysis "VALUES cannot compute <expr>.";
    UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE "UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE" "42836" Analysis "A recursive query takes UNION ALL, not UNION.";
    INVALID_RECURSIVE_CTE "INVALID_RECURSIVE_CTE" "42836" Analysis "A recursive query is a UNION ALL of a start and a step.";
    RECURSION_TYPE_MISMATCH "CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE" "42825" Analysis "The types <left> and <right> do not go together.";
    FUNCTION_WITH_UNSUPPORTED_SYNTAX "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX" "42000" Analysis "<prettyName> takes no <syntax>.";
    AGGREGATE_FILTER_NOT_BOOLEAN "INVALID_AGGREGATE_FILTER.NOT_BOOLEAN" "42903" Analysis "The FILTER <filterExpr> is no boolean.";
    AGGREGATE_FILTER_HAS_AGGREGATE "INVALID_AGGREGATE_FILTER.CONTAINS_AGGREGATE" "42903" Analysis "The FILTER <filterExpr> holds the aggregate <aggExpr>.";
    AGGREGATE_NOT_DETERMINISTIC "AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION" "42845" Analysis "The aggregate <sqlExpr> takes a value that is another one each time it is computed.";
    AGGREGATE_FILTER_NOT_DETERMINISTIC "INVALID_AGGREGATE_FILTER.NON_DETERMINISTIC" "42903" Analysis "The FILTER <filterExpr> is not deterministic.";
    GROUP_BY_POS_AGGREGATE "GROUP_BY_POS_AGGREGATE" "42903" Analysis "GROUP BY <index> is <aggExpr>, which has an aggregate.";
    STAR_OF_TABLE_IN_COUNT "INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT" "42000" Analysis "count(<tableName>.*) can be written out as its columns.";
    RANGE_FRAME_MULTI_ORDER "DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER" "42K09" Analysis "<sqlExpr>: a RANGE frame with offsets takes one ORDER BY key, not <orderSpec>.";
    FRAME_INVALID_BOUND "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_INVALID_BOUND" "42K09" Analysis "<sqlExpr>: a frame does not go from <lower> to <upper>.";
    FRAME_DIFF_TYPES "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_DIFF_TYPES" "42K09" Analysis "<sqlExpr>: the bounds <lower> and <upper> must be of one type, not <lowerType> and <upperType>.";
    WINDOW_SPEC_FOR_AGGREGATE "INVALID_WINDOW_SPEC_FOR_AGGREGATION_FUNC" "42601" Analysis "<aggFunc> goes over windows without an order and without a frame.";
    WITHIN_GROUP_WRONG_NUMBER "INVALID_WITHIN_GROUP_EXPRESSION.WRONG_NUM_ORDERINGS" "42K0K" Analysis "<funcName> takes <expectedNum> orderings, not <actualNum>.";
    WITHIN_GROUP_DISTINCT "INVALID_WITHIN_GROUP_EXPRESSION.MISMATCH_WITH_DISTINCT_INPUT" "42K0K" Analysis "With DISTINCT <funcName> can be ordered by <funcArg> only, not by <orderingExpr>.";
    INVALID_SHIFT "_LEGACY_ERROR_TEMP_1035" "" Analysis "The function <prettyName> takes no frame, and for its offset a whole number.";
    IGNORE_NULLS_NOT_A_FLAG "_LEGACY_ERROR_TEMP_1210" "" Analysis "The second argument of <funcName> must be TRUE or FALSE.";
    NON_LITERAL_PIVOT_VALUES "NON_LITERAL_PIVOT_VALUES" "42K08" Analysis "The values of PIVOT are constants, not <expression>.";
    PIVOT_VALUE_DATA_TYPE_MISMATCH "PIVOT_VALUE_DATA_TYPE_MISMATCH" "42K09" Analysis "The value <value> of the type <valueType> is none of the columns that are pivoted: <pivotType>.";
    UNPIVOT_VALUE_SIZE_MISMATCH "UNPIVOT_VALUE_SIZE_MISMATCH" "428C4" Analysis "Every value of UNPIVOT needs as many columns as there are names: <names>.";
    NOT_A_GENERATOR "UNSUPPORTED_GENERATOR.NOT_GENERATOR" "42K0E" Analysis "<functionName> gives one value for a row, not several.";
    WINDOW_FRAME_UNACCEPTED_TYPE "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE" "42K09" Analysis "<sqlExpr>: the <location> bound goes with <expectedType>, not <exprType>.";
    INVALID_EXTRACT_FIELD_TYPE "INVALID_EXTRACT_FIELD_TYPE" "42000" Analysis "A field is named by a constant string, not by <extraction>.";
}
