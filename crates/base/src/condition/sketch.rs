//! Table of conditions of sketches and bitmaps.

use super::conditions;

conditions! { SKETCH:
    INVALID_BITMAP_POSITION "INVALID_BITMAP_POSITION" "22003" Runtime "The bitmap has <bitmapNumBits> bits (<bitmapNumBytes> bytes), counted from 0: there is no bit <bitPosition>.";
    HLL_INVALID_LG_K "HLL_INVALID_LG_K" "22546" Analysis "<function> takes an lgConfigK from <min> to <max>, not <value>.";
    HLL_K_MUST_BE_CONSTANT "HLL_K_MUST_BE_CONSTANT" "42K0E" Analysis "The K of <function> must be a constant.";
    HLL_INVALID_INPUT_SKETCH_BUFFER "HLL_INVALID_INPUT_SKETCH_BUFFER" "22546" Runtime "<function> got bytes that are no HLL sketch.";
    HLL_UNION_DIFFERENT_LG_K "HLL_UNION_DIFFERENT_LG_K" "22000" Runtime "<function> got sketches of the sizes <left> and <right>. Set allowDifferentLgConfigK to true to unite them.";
    SKETCH_INVALID_LG_NOM_ENTRIES "SKETCH_INVALID_LG_NOM_ENTRIES" "22003" Runtime "Invalid call to <function>; the `lgNomEntries` value must be between <min> and <max>, inclusive: <value>.";
    THETA_INVALID_INPUT_SKETCH_BUFFER "THETA_INVALID_INPUT_SKETCH_BUFFER" "22000" Runtime "<function> got bytes that are no theta sketch.";
    THETA_LG_NOM_ENTRIES_MUST_BE_CONSTANT "THETA_LG_NOM_ENTRIES_MUST_BE_CONSTANT" "42K0E" Analysis "The lgNomEntries of <function> must be a constant.";
    TUPLE_INVALID_INPUT_SKETCH_BUFFER "TUPLE_INVALID_INPUT_SKETCH_BUFFER" "22000" Runtime "<function> got bytes that are no tuple sketch of its type.";
    TUPLE_INVALID_SKETCH_MODE "TUPLE_INVALID_SKETCH_MODE" "22023" Analysis "Invalid call to <function>: mode '<mode>' is not supported. Valid modes are: sum, min, max, alwaysone.";
    KLL_INVALID_INPUT_SKETCH_BUFFER "KLL_INVALID_INPUT_SKETCH_BUFFER" "22000" Runtime "<function> got bytes that are no KLL sketch, or an empty one.";
    KLL_SKETCH_INVALID_QUANTILE_RANGE "KLL_SKETCH_INVALID_QUANTILE_RANGE" "22003" Runtime "<functionName> takes a rank from 0 to 1.";
    KLL_SKETCH_K_OUT_OF_RANGE "KLL_SKETCH_K_OUT_OF_RANGE" "22003" Analysis "For function <functionName>, the k parameter must be between 8 and 65535 (inclusive), but got <k>.";
    APPROX_TOP_K_MAX_ITEMS_TRACKED_LESS_THAN_K "APPROX_TOP_K_MAX_ITEMS_TRACKED_LESS_THAN_K" "22023" Runtime "maxItemsTracked <maxItemsTracked> is less than k <k>.";
    APPROX_TOP_K_MAX_ITEMS_TRACKED_EXCEEDS_LIMIT "APPROX_TOP_K_MAX_ITEMS_TRACKED_EXCEEDS_LIMIT" "22023" Analysis "maxItemsTracked <maxItemsTracked> is above the limit <limit>.";
    APPROX_TOP_K_NON_POSITIVE_ARG "APPROX_TOP_K_NON_POSITIVE_ARG" "22023" Analysis "<argName> must be positive, not <argValue>.";
    APPROX_TOP_K_NULL_ARG "APPROX_TOP_K_NULL_ARG" "22004" Analysis "<argName> must not be NULL.";
    APPROX_TOP_K_SKETCH_SIZE_NOT_MATCH "APPROX_TOP_K_SKETCH_SIZE_NOT_MATCH" "42846" Runtime "The sketches have sizes <size1> and <size2>: say maxItemsTracked to combine them.";
    DATATYPE_MISMATCH_TYPE_CHECK_FAILURE_WITH_HINT "DATATYPE_MISMATCH.TYPE_CHECK_FAILURE_WITH_HINT" "42K09" Analysis "Cannot resolve <sqlExpr>: <msg><hint>";
    DISTINCT_COUNT_ERROR "_LEGACY_ERROR_TEMP_1104" "" Analysis "How exact approx_count_distinct is must be a literal of DOUBLE or DECIMAL.";
    FAILED_FUNCTION_CALL "FAILED_FUNCTION_CALL" "38000" Analysis "The function <funcName> cannot be prepared: look at its arguments.";
}
