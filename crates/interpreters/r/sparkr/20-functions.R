# Functions of columns. Most have the same name and the same arguments in SparkR and in Spark SQL, so they
# are made from a list; where R has a function of that name, it still answers for what is not a Column.

.spark_names <- strsplit("
acosh add_months aes_decrypt aes_encrypt approx_count_distinct approx_percentile array array_agg array_append
array_compact array_contains array_distinct array_except array_insert array_intersect array_join array_max array_min
array_position array_prepend array_remove array_repeat array_size array_sort array_union arrays_overlap arrays_zip
ascii asinh atanh avg base64 bin bit_and bit_count bit_get bit_length bit_or bit_xor bitwise_not bool_and bool_or
bround btrim cardinality cbrt ceil char char_length character_length collect_list collect_set concat concat_ws conv
convert_timezone corr count_if count_min_sketch covar_pop covar_samp crc32 cume_dist curdate current_catalog
current_database current_date current_schema current_timestamp current_timezone current_user date_add date_diff
date_format date_from_unix_date date_part date_sub date_trunc dateadd datediff datepart day dayofmonth dayofweek
dayofyear decode degrees dense_rank e element_at elt encode equal_null every explode explode_outer expr factorial
find_in_set flatten format_number format_string from_unixtime from_utc_timestamp get_json_object getbit greatest
grouping_id hash hex histogram_numeric hour hypot ifnull initcap inline inline_outer input_file_name instr isnotnull
json_array_length json_object_keys kurtosis last_day lcase least left len levenshtein ln localtimestamp locate lower lpad
ltrim make_date make_timestamp map_concat map_contains_key map_entries map_from_arrays map_from_entries map_keys
map_values mask max_by md5 median min_by minute mode monotonically_increasing_id month months_between named_struct nanvl
negative next_day now nth_value ntile nullif nvl nvl2 octet_length overlay parse_url percent_rank percentile
percentile_approx pi pmod posexplode posexplode_outer position positive pow power printf quarter radians raise_error
rand randn rank regexp_count regexp_extract regexp_extract_all regexp_instr regexp_like regexp_replace regexp_substr
regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat_string reverse right
rint row_number rpad rtrim second sequence session_window sha sha1 sha2 shiftleft shiftright shiftrightunsigned shuffle
signum size skewness slice some sort_array soundex spark_partition_id split_part sqrt stack std stddev stddev_pop
stddev_samp str_to_map struct substring substring_index timestamp_micros timestamp_millis timestamp_seconds to_char
to_csv to_date to_json to_number to_timestamp to_unix_timestamp to_utc_timestamp to_varchar translate trim trunc try_add
try_avg try_divide try_element_at try_multiply try_subtract try_sum try_to_number try_to_timestamp typeof ucase
unbase64 unhex unix_date unix_micros unix_millis unix_seconds unix_timestamp upper url_decode url_encode uuid var_pop
var_samp variance version weekday weekofyear width_bucket window_time xpath xpath_string xxhash64 year
", "[[:space:]]+")[[1]]
.spark_names <- .spark_names[nzchar(.spark_names)]

# SparkR's name for a function of Spark that is called otherwise.
.other_names <- c(
  bitwiseNOT = "bitwise_not", approxCountDistinct = "approx_count_distinct", create_array = "array",
  create_map = "create_map", shiftLeft = "shiftleft", shiftRight = "shiftright",
  shiftRightUnsigned = "shiftrightunsigned", sd = "stddev", var = "var_samp", toDegrees = "degrees",
  toRadians = "radians", negate = "negative", grouping_bit = "grouping"
)

.make_function <- function(name, spark = name) {
  masked <- .masked(name)
  force(spark)
  if (is.null(masked)) return(function(...) .spark_function(spark, list(...)))
  function(...) {
    if (...length() == 0 || .is_column(..1)) return(.spark_function(spark, list(...)))
    masked(...)
  }
}

for (.name in setdiff(.spark_names, c("version", "repeat_string"))) {
  assign(.name, .make_function(.name))
}
for (.name in names(.other_names)) {
  assign(.name, .make_function(.name, .other_names[[.name]]))
}
rm(.name)

# SparkR's own argument orders and names.

n <- function(x) .spark_function("count", list(x))
countDistinct <- function(x, ...) .spark_function("count_distinct", list(x, ...))
n_distinct <- countDistinct
count_distinct <- countDistinct
sumDistinct <- function(x) .spark_function("sum_distinct", list(x))
sum_distinct <- sumDistinct
not <- function(x) !x
sign.Column <- function(x) .spark_function("signum", list(x))
nchar <- function(x, ...) if (.is_column(x)) .spark_function("length", list(x)) else base::nchar(x, ...)
toupper <- function(x) if (.is_column(x)) .spark_function("upper", list(x)) else base::toupper(x)
tolower <- function(x) if (.is_column(x)) .spark_function("lower", list(x)) else base::tolower(x)
trimws <- function(x, ...) if (.is_column(x)) .spark_function("trim", list(x)) else base::trimws(x, ...)
atan2 <- function(y, x) {
  if (.is_column(y) || .is_column(x)) .spark_function("atan2", list(y, x)) else base::atan2(y, x)
}
# SparkR names the pattern and the number first.
format_number <- function(y, x) .spark_function("format_number", if (.is_column(y)) list(y, x) else list(x, y))
concat_ws <- function(sep, x, ...) .spark_function("concat_ws", list(sep, x, ...))
format_string <- function(format, x, ...) .spark_function("format_string", list(format, x, ...))
instr <- function(y, x) .spark_function("instr", list(y, x))
add_months <- function(y, x) .spark_function("add_months", list(y, x))
split_string <- function(x, pattern, limit = -1) .spark_function("split", list(x, pattern, limit))
repeat_string <- function(x, n) .spark_function("repeat", list(x, n))
date_trunc <- function(format, x) .spark_function("date_trunc", list(format, x))
unix_timestamp <- function(x, format) {
  if (missing(x)) .spark_function("unix_timestamp", list())
  else if (missing(format)) .spark_function("unix_timestamp", list(x))
  else .spark_function("unix_timestamp", list(x, format))
}
from_json <- function(x, schema, ...) .spark_function("from_json", list(x, .schema_text(schema)))
from_csv <- function(x, schema, ...) .spark_function("from_csv", list(x, .schema_text(schema)))
first <- function(x, na.rm = FALSE, ...) {
  if (.is_frame(x)) return(.to_data_frame(.method(x, "limit", 1L)))
  .spark_function("first", list(if (is.character(x)) column(x) else x, na.rm))
}
last <- function(x, na.rm = FALSE) .spark_function("last", list(if (is.character(x)) column(x) else x, na.rm))
lag <- function(x, ...) {
  if (!.is_column(x)) return(stats::lag(x, ...))
  args <- list(...)
  .spark_function("lag", c(list(x), if (length(args)) args else list(1L)))
}
lead <- function(x, offset = 1, defaultValue = NULL) {
  .spark_function("lead", c(list(x, offset), if (!is.null(defaultValue)) list(defaultValue)))
}
window <- function(x, ...) {
  if (!.is_column(x)) return(stats::window(x, ...))
  args <- list(...)
  named <- if (is.null(names(args))) rep("", length(args)) else names(args)
  .spark_function("window", c(list(x), args[!named %in% "startTime"], args[named == "startTime"]))
}
corr <- function(x, y = NULL, ...) {
  if (.is_column(x)) return(.spark_function("corr", list(x, y)))
  .method(x, "corr", y, ...)
}
cov <- function(x, y = NULL, ...) {
  if (.is_column(x)) return(.spark_function("covar_samp", list(x, y)))
  if (.is_frame(x)) return(.method(x, "cov", y, ...))
  stats::cov(x, y, ...)
}
