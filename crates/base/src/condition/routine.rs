//! Table of conditions of SQL functions, of the operators behind `|>`, of recursive queries, and of overlong statements.

use super::conditions;

conditions! { ROUTINE:
    ALSO_POSITIONAL_ARGUMENT "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.BOTH_POSITIONAL_AND_NAMED" "4274K" Analysis "The call of <routineName> gives the parameter <parameterName> by its place and by its name.";
    DUPLICATE_ROUTINE_RETURNS_COLUMNS "DUPLICATE_ROUTINE_RETURNS_COLUMNS" "42711" Analysis "The table that <routineName> gives has columns with the same name: <columns>.";
    FUNCTION_BODY_COMPLEX "USER_DEFINED_FUNCTIONS.CANNOT_CONTAIN_COMPLEX_FUNCTIONS" "42601" Analysis "A SQL function's body is neither an aggregate, nor a window function, nor a generator: <queryText>.";
    FUNCTION_BODY_NOT_A_QUERY "USER_DEFINED_FUNCTIONS.SQL_TABLE_UDF_BODY_MUST_BE_A_QUERY" "42601" Analysis "The table function <name> needs a query as its body.";
    FUNCTION_BODY_COLUMN_COUNT "USER_DEFINED_FUNCTIONS.RETURN_COLUMN_COUNT_MISMATCH" "42601" Analysis "The function <name> gives <outputSize> columns where it declares <returnParamSize>.";
    FUNCTION_BODY_UNNAMED_COLUMN "USER_DEFINED_FUNCTIONS.SQL_TABLE_UDF_MISSING_COLUMN_NAMES" "42601" Analysis "The table function <functionName> gives columns without names: declare them or name them.";
    FUNCTION_DEFAULT_POSITION "USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_PARAMETER_POSITION" "42601" Analysis "In <functionName> the parameter <nextParameterName> needs a default, since it stands behind <parameterName>, which has one.";
    FUNCTION_DEFAULT_EXPRESSION "USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_EXPRESSION" "42601" Analysis "The default of the parameter <parameterName> of <functionName> is no plain expression.";
    FUNCTION_PARAMETER_NOT_NULL "USER_DEFINED_FUNCTIONS.NOT_NULL_ON_FUNCTION_PARAMETERS" "42601" Parse "A function's parameter cannot be NOT NULL: <input>.";
    LAMBDA_WITH_SQL_FUNCTION "UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_SQL_UDF" "0A000" Analysis "A lambda cannot call the SQL function <funcName>.";
    UNSUPPORTED_SQL_UDF_USAGE "UNSUPPORTED_SQL_UDF_USAGE" "0A000" Analysis "The SQL function <functionName> cannot stand in <nodeName>.";
    PIPE_AGGREGATE_WITHOUT_FUNCTION "PIPE_OPERATOR_AGGREGATE_EXPRESSION_CONTAINS_NO_AGGREGATE_FUNCTION" "0A000" Analysis "The expression <expr> of |> AGGREGATE has no aggregate function.";
    PIPE_CONTAINS_AGGREGATE "PIPE_OPERATOR_CONTAINS_AGGREGATE_FUNCTION" "0A000" Analysis "The expression <expr> of |> <clause> has an aggregate function, for which there is |> AGGREGATE.";
    PIPE_AGGREGATE_UNSUPPORTED_CASE "UNSUPPORTED_FEATURE.PIPE_OPERATOR_AGGREGATE_UNSUPPORTED_CASE" "0A000" Parse "|> AGGREGATE takes no <case>.";
    CLAUSE_WITH_PIPE_OPERATORS "UNSUPPORTED_FEATURE.CLAUSE_WITH_PIPE_OPERATORS" "0A000" Parse "|> operators take no <clauses>.";
    MULTIPLE_RESULT_CLAUSES_WITH_PIPES "MULTIPLE_QUERY_RESULT_CLAUSES_WITH_PIPE_OPERATORS" "42000" Parse "One |> operator takes <clause1> or <clause2>, not both.";
    INVALID_RECURSIVE_REFERENCE_PLACE "INVALID_RECURSIVE_REFERENCE.PLACE" "42836" Analysis "A recursive query cannot refer to itself on the other side of an outer join, in a subquery, or below an aggregate.";
    QUALIFY_REQUIRES_WINDOW_FUNCTION "QUALIFY_REQUIRES_WINDOW_FUNCTION" "42903" Analysis "QUALIFY needs a window function in the list or in its condition.";
    RANGE_FRAME_INVALID_TYPE "DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE" "42K09" Analysis "<sqlExpr>: an ORDER BY key of type <orderSpecType> is not moved by a bound of type <valueBoundaryType>.";
    STATEMENT_TOO_LONG "HEARTH_STATEMENT_TOKEN_LIMIT" "54000" Exhausted "The statement has more than <value> words and signs (<limit>). Split it: the limit is fixed, since all of them are kept while it is read.";
}
