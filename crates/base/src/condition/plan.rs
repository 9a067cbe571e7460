//! Table of conditions about the plan on the wire: what a client of Spark Connect got wrong.

use super::conditions;

conditions! { PLAN:
    PLAN_CANNOT_PARSE "CONNECT_INVALID_PLAN.CANNOT_PARSE" "56K00" InvalidRequest "The plan does not decode: <errorMsg>. Setting spark.connect.session.planCompression.threshold to -1 rules out its compression.";
    ASSERTION_FAILURE "CONNECT_INVALID_PLAN.ASSERTION_FAILURE" "56K00" InvalidRequest "<message>";
    INVALID_ENUM "CONNECT_INVALID_PLAN.INVALID_ENUM" "56K00" InvalidRequest "<fullName> has no value <name> (<number>) here.";
    ONE_OF_FIELD_NOT_SET "CONNECT_INVALID_PLAN.INVALID_ONE_OF_FIELD_NOT_SET" "56K00" InvalidRequest "<fullName> says nothing: none of <name> is set.";
    ONE_OF_FIELD_NOT_SUPPORTED "CONNECT_INVALID_PLAN.INVALID_ONE_OF_FIELD_NOT_SUPPORTED" "56K00" InvalidRequest "<fullName> with <name> (<number>) is not supported.";
    AGGREGATE_WITH_PIVOT_REQUIRES_PIVOT "CONNECT_INVALID_PLAN.AGGREGATE_WITH_PIVOT_REQUIRES_PIVOT" "56K00" InvalidRequest "A pivoting aggregate comes without its pivot.";
    AGGREGATE_NEEDS_PLAN_INPUT "CONNECT_INVALID_PLAN.AGGREGATE_NEEDS_PLAN_INPUT" "56K00" InvalidRequest "An aggregate has no input.";
    ALIAS_WITH_SEVERAL_NAMES_AND_METADATA "CONNECT_INVALID_PLAN.ALIAS_WITH_MULTIPLE_IDENTIFIERS_AND_METADATA" "56K00" InvalidRequest "An alias of several names cannot carry metadata.";
    ARRAY_LITERAL_MISSING_DATA_TYPE "CONNECT_INVALID_PLAN.ARRAY_LITERAL_MISSING_DATA_TYPE" "56K00" InvalidRequest "An array literal does not say its type.";
    MAP_LITERAL_MISSING_DATA_TYPE "CONNECT_INVALID_PLAN.MAP_LITERAL_MISSING_DATA_TYPE" "56K00" InvalidRequest "A map literal does not say its type.";
    STRUCT_LITERAL_MISSING_DATA_TYPE "CONNECT_INVALID_PLAN.STRUCT_LITERAL_MISSING_DATA_TYPE" "56K00" InvalidRequest "A struct literal does not say its type.";
    INCOMPATIBLE_LITERAL_DATA_TYPE "CONNECT_INVALID_PLAN.INCOMPATIBLE_LITERAL_DATA_TYPE" "56K00" InvalidRequest "A literal of kind <literalTypeCase> cannot have the type <dataTypeKindCase>.";
    UNSUPPORTED_LITERAL_TYPE "CONNECT_INVALID_PLAN.UNSUPPORTED_LITERAL_TYPE" "56K00" InvalidRequest "There is no literal of kind <typeInfo>.";
    CANNOT_FIND_CACHED_LOCAL_RELATION "CONNECT_INVALID_PLAN.CANNOT_FIND_CACHED_LOCAL_RELATION" "56K00" InvalidRequest "The session has no cached local relation <hash>.";
    CHUNKED_CACHED_LOCAL_RELATION_WITHOUT_DATA "CONNECT_INVALID_PLAN.CHUNKED_CACHED_LOCAL_RELATION_WITHOUT_DATA" "56K00" InvalidRequest "A chunked cached local relation names no chunk.";
    SCHEMA_REQUIRED_FOR_LOCAL_RELATION "CONNECT_INVALID_PLAN.SCHEMA_REQUIRED_FOR_LOCAL_RELATION" "56K00" InvalidRequest "A local relation without data needs a schema.";
    DATA_TYPE_UNSUPPORTED_PROTO_TO_CATALYST "CONNECT_INVALID_PLAN.DATA_TYPE_UNSUPPORTED_PROTO_TO_CATALYST" "56K00" InvalidRequest "<kindCase> is no data type.";
    UDT_TYPE_FIELD_INVALID "CONNECT_INVALID_PLAN.UDT_TYPE_FIELD_INVALID" "56K00" InvalidRequest "A user-defined type must say 'udt' as its type, not '<udtType>'.";
    PYTHON_UDT_MISSING_FIELDS "CONNECT_INVALID_PLAN.PYTHON_UDT_MISSING_FIELDS" "56K00" InvalidRequest "A user-defined type of Python needs python_class, serialized_python_class and sql_type.";
    DEDUPLICATE_UNKNOWN_COLUMN "CONNECT_INVALID_PLAN.UNRESOLVED_COLUMN_AMONG_FIELD_NAMES" "56K00" InvalidRequest "No column is called <colName>. There are: <fieldNames>.";
    DEDUPLICATE_NEEDS_INPUT "CONNECT_INVALID_PLAN.DEDUPLICATE_NEEDS_INPUT" "56K00" InvalidRequest "A deduplication has no input.";
    DEDUPLICATE_ALL_COLUMNS_AND_SUBSET "CONNECT_INVALID_PLAN.DEDUPLICATE_ALL_COLUMNS_AND_SUBSET" "56K00" InvalidRequest "A deduplication goes by all columns or by some, not both.";
    DEDUPLICATE_REQUIRES_COLUMNS_OR_ALL "CONNECT_INVALID_PLAN.DEDUPLICATE_REQUIRES_COLUMNS_OR_ALL" "56K00" InvalidRequest "A deduplication must say its columns, or all.";
    EXCEPT_DOES_NOT_SUPPORT_UNION_BY_NAME "CONNECT_INVALID_PLAN.EXCEPT_DOES_NOT_SUPPORT_UNION_BY_NAME" "56K00" InvalidRequest "EXCEPT does not match columns by name.";
    INTERSECT_DOES_NOT_SUPPORT_UNION_BY_NAME "CONNECT_INVALID_PLAN.INTERSECT_DOES_NOT_SUPPORT_UNION_BY_NAME" "56K00" InvalidRequest "INTERSECT does not match columns by name.";
    UNION_ALLOW_MISSING_REQUIRES_BY_NAME "CONNECT_INVALID_PLAN.UNION_BY_NAME_ALLOW_MISSING_COL_REQUIRES_BY_NAME" "56K00" InvalidRequest "A union may lack columns only when it matches them by name.";
    SET_OPERATION_MUST_HAVE_TWO_INPUTS "CONNECT_INVALID_PLAN.SET_OPERATION_MUST_HAVE_TWO_INPUTS" "56K00" InvalidRequest "A set operation has two inputs.";
    LAMBDA_FUNCTION_ARGUMENT_COUNT_INVALID "CONNECT_INVALID_PLAN.LAMBDA_FUNCTION_ARGUMENT_COUNT_INVALID" "56K00" InvalidRequest "A lambda takes one to three arguments, not <got>.";
    LAMBDA_VARIABLE_REQUIRES_NAME "CONNECT_INVALID_PLAN.UNRESOLVED_NAMED_LAMBDA_VARIABLE_REQUIRES_NAME_PART" "56K00" InvalidRequest "A lambda variable has no name.";
    LOWER_BOUND_REQUIRED_IN_WINDOW_FRAME "CONNECT_INVALID_PLAN.LOWER_BOUND_REQUIRED_IN_WINDOW_FRAME" "56K00" InvalidRequest "A window frame has no lower bound.";
    UPPER_BOUND_REQUIRED_IN_WINDOW_FRAME "CONNECT_INVALID_PLAN.UPPER_BOUND_REQUIRED_IN_WINDOW_FRAME" "56K00" InvalidRequest "A window frame has no upper bound.";
    WINDOW_FUNCTION_REQUIRED "CONNECT_INVALID_PLAN.WINDOW_FUNCTION_REQUIRED" "56K00" InvalidRequest "A window has no function.";
    NA_FILL_VALUES_EMPTY "CONNECT_INVALID_PLAN.NA_FILL_VALUES_EMPTY" "56K00" InvalidRequest "fillna has no value.";
    NA_FILL_VALUES_LENGTH_MISMATCH "CONNECT_INVALID_PLAN.NA_FILL_VALUES_LENGTH_MISMATCH" "56K00" InvalidRequest "fillna has several values and not one per column.";
    NO_HANDLER_FOR_EXTENSION "CONNECT_INVALID_PLAN.NO_HANDLER_FOR_EXTENSION" "56K00" InvalidRequest "Nothing here handles the extension <extensionTypeUrl>.";
    PREDICATES_NOT_SUPPORTED_FOR_DATA_SOURCE "CONNECT_INVALID_PLAN.PREDICATES_NOT_SUPPORTED_FOR_DATA_SOURCE" "56K00" InvalidRequest "The data source <format> takes no predicates.";
    SQL_COMMAND_EXPECTS_SQL "CONNECT_INVALID_PLAN.SQL_COMMAND_EXPECTS_SQL_OR_WITH_RELATIONS" "56K00" InvalidRequest "A SQL command holds SQL or WithRelations, not <other>.";
    INVALID_SQL_WITH_REFERENCES "CONNECT_INVALID_PLAN.INVALID_SQL_WITH_REFERENCES" "56K00" InvalidRequest "This is not SQL with references: <query>";
    UNRESOLVED_STAR_TARGET_INVALID "CONNECT_INVALID_PLAN.UNRESOLVED_STAR_TARGET_INVALID" "56K00" InvalidRequest "A star's target ends with '.*'; this one does not: <target>";
    UNRESOLVED_STAR_WITH_BOTH_TARGET_AND_PLAN_ID "CONNECT_INVALID_PLAN.UNRESOLVED_STAR_WITH_BOTH_TARGET_AND_PLAN_ID" "56K00" InvalidRequest "A star has a target or a plan id, not both.";
    USING_COLUMNS_OR_JOIN_CONDITION "CONNECT_INVALID_PLAN.USING_COLUMNS_OR_JOIN_CONDITION_SET_IN_JOIN" "56K00" InvalidRequest "A join has columns to join by or a condition, not both.";
    WITH_COLUMNS_REQUIRE_SINGLE_NAME_PART "CONNECT_INVALID_PLAN.WITH_COLUMNS_REQUIRE_SINGLE_NAME_PART" "56K00" InvalidRequest "A new column has one name, not <got>.";
    INVALID_ATTRIBUTE_NAME_SYNTAX "INVALID_ATTRIBUTE_NAME_SYNTAX" "42601" Parse "<name> is not a column name: backticks go in pairs around whole parts.";
}
