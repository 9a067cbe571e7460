//! Table of conditions of collations, and of constants that calls ask for.

use super::conditions;

conditions! { COLLATION:
    UNEXPECTED_INPUT_TYPE "UNEXPECTED_INPUT_TYPE" "42K09" Analysis "The <paramIndex> parameter of <functionName> must be of the type <requiredType>, but <inputSql> is of the type <inputType>.";
    NON_FOLDABLE_ARGUMENT "NON_FOLDABLE_ARGUMENT" "42K08" Analysis "The argument <paramName> of <funcName> must be a constant of type <paramType>.";
    DATATYPE_MISMATCH_CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING "DATATYPE_MISMATCH.CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING" "42K09" Analysis "In <sqlExpr> the names must be constant texts, not <inputExprs>.";
    COLLATIONS_IN_MAP_KEYS "UNSUPPORTED_FEATURE.COLLATIONS_IN_MAP_KEYS" "0A000" Analysis "The keys of maps in a table have no collation.";
    INVALID_BUCKET_COLUMN_DATA_TYPE "INVALID_BUCKET_COLUMN_DATA_TYPE" "42601" Analysis "Buckets cannot be made of values of the type <type>.";
    DATATYPE_MISMATCH_MAP_ZIP_WITH_DIFF_TYPES "DATATYPE_MISMATCH.MAP_ZIP_WITH_DIFF_TYPES" "42K09" Analysis "In <sqlExpr>: <functionName> takes maps with keys of one type, not <leftType> and <rightType>.";
    COLLATION_INVALID_NAME "COLLATION_INVALID_NAME" "42704" Analysis "There is no collation <collationName>. Near to it: <proposals>.";
    COLLATION_MISMATCH_EXPLICIT "COLLATION_MISMATCH.EXPLICIT" "42P21" Analysis "The expressions have different collations that were asked for: <explicitTypes>.";
    INDETERMINATE_COLLATION "INDETERMINATE_COLLATION" "42P22" Analysis "The strings have different collations: say which one is meant with COLLATE.";
    INDETERMINATE_COLLATION_IN_EXPRESSION "INDETERMINATE_COLLATION_IN_EXPRESSION" "42P22" Analysis "The strings in <expr> have different collations: say which one is meant with COLLATE.";
}
