//! Table of conditions about SQL scripts (labels, declarations, handlers, cursors) and about commands that name what
//! cannot be.

use super::conditions;

conditions! { SCRIPT:
    END_LABEL_WITHOUT_BEGIN_LABEL "END_LABEL_WITHOUT_BEGIN_LABEL" "42K0L" Analysis "The block that ends with the label <endLabel> does not begin with one.";
    LABELS_MISMATCH "LABELS_MISMATCH" "42K0L" Analysis "The block begins with the label <beginLabel> and ends with <endLabel>.";
    LABEL_OR_FOR_VARIABLE_ALREADY_EXISTS "LABEL_OR_FOR_VARIABLE_ALREADY_EXISTS" "42K0L" Analysis "A block around this one has the label <label>, or its FOR the variable.";
    LABEL_OR_FOR_VARIABLE_NAME_FORBIDDEN "LABEL_OR_FOR_VARIABLE_NAME_FORBIDDEN" "42K0L" Analysis "<label> is not a name for a label or the variable of FOR.";
    LABEL_DOES_NOT_EXIST "INVALID_LABEL_USAGE.DOES_NOT_EXIST" "42K0L" Analysis "<statementType> names the label <labelName>, which no block around it has.";
    ITERATE_IN_COMPOUND "INVALID_LABEL_USAGE.ITERATE_IN_COMPOUND" "42K0L" Analysis "ITERATE names the label <labelName>, which is that of a block and not of a loop.";
    VARIABLE_ONLY_AT_BEGINNING "INVALID_VARIABLE_DECLARATION.ONLY_AT_BEGINNING" "42K0M" Analysis "The variable <varName> is declared behind other statements; declarations come first in a block.";
    VARIABLE_NOT_ALLOWED_IN_SCOPE "INVALID_VARIABLE_DECLARATION.NOT_ALLOWED_IN_SCOPE" "42K0M" Analysis "The variable <varName> is declared where only BEGIN … END may declare one.";
    QUALIFIED_LOCAL_VARIABLE "INVALID_VARIABLE_DECLARATION.QUALIFIED_LOCAL_VARIABLE" "42K0M" Analysis "The variable <varName> of a script is declared without a qualifier.";
    REPLACE_LOCAL_VARIABLE "INVALID_VARIABLE_DECLARATION.REPLACE_LOCAL_VARIABLE" "42K0M" Analysis "The variable <varName> of a script cannot be declared with OR REPLACE.";
    CONDITION_NOT_AT_START "INVALID_ERROR_CONDITION_DECLARATION.NOT_AT_START_OF_COMPOUND_STATEMENT" "42K0R" Analysis "The condition <conditionName> is declared behind other statements; declarations come first in a block.";
    DUPLICATE_CONDITION_IN_SCOPE "DUPLICATE_CONDITION_IN_SCOPE" "42734" Analysis "The condition <condition> is declared twice in the same block.";
    HANDLER_IN_WRONG_PLACE "INVALID_HANDLER_DECLARATION.WRONG_PLACE_OF_DECLARATION" "42K0Q" Analysis "Handlers are declared behind variables, conditions and cursors and before other statements.";
    HANDLER_CONDITION_NOT_FOUND "INVALID_HANDLER_DECLARATION.CONDITION_NOT_FOUND" "42K0Q" Analysis "The handler names the condition <condition>, which does not exist.";
    HANDLER_DUPLICATE_CONDITION "INVALID_HANDLER_DECLARATION.DUPLICATE_CONDITION_IN_HANDLER_DECLARATION" "42K0Q" Analysis "The handler names the condition <condition> twice.";
    HANDLER_DUPLICATE_SQLSTATE "INVALID_HANDLER_DECLARATION.DUPLICATE_SQLSTATE_IN_HANDLER_DECLARATION" "42K0Q" Analysis "The handler names the SQLSTATE <sqlState> twice.";
    HANDLER_INVALID_COMBINATION "INVALID_HANDLER_DECLARATION.INVALID_CONDITION_COMBINATION" "42K0Q" Analysis "SQLEXCEPTION and NOT FOUND do not go with conditions or SQLSTATEs in one handler.";
    DUPLICATE_HANDLER_CONDITION "DUPLICATE_EXCEPTION_HANDLER.CONDITION" "42734" Analysis "Two handlers of the same block are for the condition <condition>.";
    DUPLICATE_HANDLER_SQLSTATE "DUPLICATE_EXCEPTION_HANDLER.SQLSTATE" "42734" Analysis "Two handlers of the same block are for the SQLSTATE <sqlState>.";
    INVALID_SQLSTATE "INVALID_SQLSTATE" "428B3" Analysis "'<sqlState>' is no SQLSTATE for a handler: five of A-Z and 0-9 that do not start with 00, 01 or XX.";
    INVALID_BOOLEAN_STATEMENT "INVALID_BOOLEAN_STATEMENT" "22546" Analysis "The condition <invalidStatement> is not a boolean.";
    CONTINUE_HANDLER_DISABLED "UNSUPPORTED_FEATURE.CONTINUE_EXCEPTION_HANDLER" "0A000" Unsupported "CONTINUE handlers are switched off (spark.sql.scripting.continueHandlerEnabled). An EXIT handler works.";
    SQL_CURSOR_DISABLED "UNSUPPORTED_FEATURE.SQL_CURSOR" "0A000" Unsupported "Cursors are switched off (spark.sql.scripting.cursorEnabled).";
    SQL_SCRIPTING_DISABLED "UNSUPPORTED_FEATURE.SQL_SCRIPTING" "0A000" Unsupported "SQL scripts are switched off (<sqlScriptingEnabled>).";
    SCRIPT_DROP_VARIABLE "UNSUPPORTED_FEATURE.SQL_SCRIPTING_DROP_TEMPORARY_VARIABLE" "0A000" Unsupported "A script does not drop variables. EXECUTE IMMEDIATE 'DROP TEMPORARY VARIABLE …' does.";
    SCRIPT_POSITIONAL_PARAMETERS "UNSUPPORTED_FEATURE.SQL_SCRIPTING_WITH_POSITIONAL_PARAMETERS" "0A000" Unsupported "A script takes parameters by name, not by position.";
    SQL_SCRIPT_IN_EXECUTE_IMMEDIATE "SQL_SCRIPT_IN_EXECUTE_IMMEDIATE" "07501" Analysis "EXECUTE IMMEDIATE does not run scripts: <sqlString>";
    CURSOR_OUTSIDE_SCRIPT "CURSOR_OUTSIDE_SCRIPT" "0A000" Analysis "The cursor <cursorName> is not in a script.";
    CURSOR_ALREADY_EXISTS "CURSOR_ALREADY_EXISTS" "42723" Analysis "The block has a cursor <cursorName> already.";
    SCRIPT_CURSOR_NOT_FOUND "CURSOR_NOT_FOUND" "42883" Analysis "There is no cursor <cursorName>.";
    CURSOR_NOT_OPEN "CURSOR_NOT_OPEN" "24501" Analysis "The cursor <cursorName> is not open.";
    CURSOR_ALREADY_OPEN "CURSOR_ALREADY_OPEN" "24502" Analysis "The cursor <cursorName> is open already.";
    CURSOR_NO_MORE_ROWS "CURSOR_NO_MORE_ROWS" "02000" Runtime "The cursor <cursorName> has no more rows.";
    INVALID_CURSOR_DECLARATION "INVALID_CURSOR_DECLARATION" "42601" Analysis "Cursors are declared behind variables and before handlers and other statements.";
    DUPLICATE_ASSIGNMENTS "DUPLICATE_ASSIGNMENTS" "42701" Analysis "Names are assigned twice: <nameList>.";
    SCRIPT_LIMIT "HEARTH_SCRIPT_LIMIT" "54000" Exhausted "The script keeps more than <limit> (<value>).";
    ALL_PARAMETERS_MUST_BE_NAMED "ALL_PARAMETERS_MUST_BE_NAMED" "07001" Analysis "The statement has named parameters, so all values need names: <exprs>.";
    INVALID_STATEMENT_FOR_EXECUTE_INTO "INVALID_STATEMENT_FOR_EXECUTE_INTO" "07501" Analysis "INTO takes the row of a query, and this is none: <sqlString>";
    INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE "INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE" "42K09" Analysis "EXECUTE IMMEDIATE runs a STRING, not <exprType>.";
    NULL_QUERY_STRING_EXECUTE_IMMEDIATE "NULL_QUERY_STRING_EXECUTE_IMMEDIATE" "22004" Analysis "EXECUTE IMMEDIATE has no text to run: <varName> is NULL.";
    NOT_A_TABLE_FUNCTION "NOT_A_TABLE_FUNCTION" "42887" Analysis "<functionName> gives a value and stands where a table is wanted.";
    DUPLICATE_ROUTINE_PARAMETER_NAMES "DUPLICATE_ROUTINE_PARAMETER_NAMES" "42734" Analysis "The routine <routineName> has parameters with the same name: <names>.";
    INDEX_NOT_SUPPORTED "_LEGACY_ERROR_TEMP_1332" "" Analysis "<errorMessage>";
    EXTERNAL_TABLE_WITHOUT_LOCATION "_LEGACY_ERROR_TEMP_1069" "" Analysis "CREATE EXTERNAL TABLE needs a LOCATION.";
    REFRESH_BUILTIN_FUNCTION "_LEGACY_ERROR_TEMP_1256" "" Analysis "The built-in function <functionName> cannot be refreshed.";
}
