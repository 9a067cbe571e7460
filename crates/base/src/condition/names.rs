//! Table of conditions of stars, hints, variables and the texts that `EXECUTE IMMEDIATE` runs, and of the fields of
//! structs that are written.

use super::conditions;

conditions! { NAMES:
    AMBIGUOUS_DATA_COLUMN "INCOMPATIBLE_DATA_FOR_TABLE.AMBIGUOUS_COLUMN_NAME" "KD000" Analysis "For <tableName>: the data has more than one column <colName>.";
    DEFAULT_PLACEMENT_INVALID "DEFAULT_PLACEMENT_INVALID" "42608" Analysis "DEFAULT stands alone in the place of a value.";
    DROP_TEMPORARY_FUNCTION_WORD "_LEGACY_ERROR_TEMP_1017" "" Analysis "<name> is a temporary function, which <cmd> does not take.<hintStr>";
    EXCEPT_OVERLAPPING_COLUMNS "EXCEPT_OVERLAPPING_COLUMNS" "42702" Analysis "A column of EXCEPT is there twice, or with one of its fields: <columns>.";
    EXECUTE_IMMEDIATE_DUPLICATE_NAMES "EXEC_IMMEDIATE_DUPLICATE_ARGUMENT_ALIASES" "42701" Analysis "USING names several arguments <aliases>.";
    NULL_IN_PLACE_OF_A_NAME "NOT_A_CONSTANT_STRING.NULL" "42601" Analysis "The argument <expr> of <name> is NULL, where a text is needed.";
    NOT_A_STRING "NOT_A_CONSTANT_STRING.WRONG_TYPE" "42601" Analysis "The argument <expr> of <name> is a <dataType>, where a text is needed.";
    EXTRA_STRUCT_FIELDS "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_STRUCT_FIELDS" "KD000" Analysis "For <tableName>: the struct of <colName> has more fields than the column: <extraFields>.";
    HINT_PARAMETER "_LEGACY_ERROR_TEMP_1047" "" Analysis "<hintName> takes columns, not <invalidParams>.";
    HINT_PARTITIONS "_LEGACY_ERROR_TEMP_1048" "" Analysis "<hintName> takes one number of partitions.";
    HINT_RELATION "_LEGACY_ERROR_TEMP_1046" "" Analysis "A join's hint takes names of relations, not <unsupported> (<class>).";
    PARTITION_DYNAMIC_FIRST "_LEGACY_ERROR_TEMP_1147" "" Analysis "In PARTITION the columns with a value come before those without: <partColumns>.";
    PARTITION_SPEC_INCOMPLETE "_LEGACY_ERROR_TEMP_1169" "" Analysis "PARTITION names <normalizedPartSpec>, while the partitions of <tableName> are those of <partColNames>.";
    SET_VARIABLE_USING_SET "UNSUPPORTED_FEATURE.SET_VARIABLE_USING_SET" "0A000" Analysis "<variableName> is a variable: write SET VARIABLE.";
    STAR_OF_NO_STRUCT "_LEGACY_ERROR_TEMP_1050" "" Analysis "Only a struct has fields for a star: <attributes>.";
    STRUCT_MISSING_FIELDS "INCOMPATIBLE_DATA_FOR_TABLE.STRUCT_MISSING_FIELDS" "KD000" Analysis "For <tableName>: the struct of <colName> has no fields <missingFields>.";
    UNSUPPORTED_PARAMETER_EXPRESSION "UNSUPPORTED_EXPR_FOR_PARAMETER" "42K0E" Analysis "A parameter's value cannot be <invalidExprSql>.";
}
