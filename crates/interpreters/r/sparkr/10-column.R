# Columns: operators, their methods, and the schema types.

methods::setClass("Column", representation(py = "ANY"))
methods::setMethod("show", "Column", function(object) print.Column(object))

column <- function(x) .column(.here("column_of", x))

col <- function(x, ...) {
  if (is.character(x) && length(x) == 1 && ...length() == 0) column(x) else base::col(x, ...)
}

lit <- function(x) if (.is_column(x)) x else .column(.plain_literal(x))

.plain_literal <- function(x) {
  value <- .plain(x)
  if (inherits(value, "python.builtin.object")) value else .here("literal", value)
}

.as_column <- function(x) if (.is_column(x)) x else lit(x)

.text_of <- function(x) .here("column_text", .py(x))

print.Column <- function(x, ...) {
  cat("Column", .text_of(x), "\n")
  invisible(x)
}

format.Column <- function(x, ...) paste("Column", .text_of(x))

.operators <- c(
  "+" = "__add__", "-" = "__sub__", "*" = "__mul__", "/" = "__truediv__", "%%" = "__mod__",
  "==" = "__eq__", "!=" = "__ne__", "<" = "__lt__", "<=" = "__le__", ">" = "__gt__", ">=" = "__ge__",
  "&" = "__and__", "|" = "__or__"
)

.operate <- function(operator, e1, e2) {
  if (operator == "^") return(.spark_function("pow", list(.as_column(e1), .as_column(e2))))
  method <- .operators[operator]
  if (is.na(method)) stop("Spark's columns have no operator ", operator, call. = FALSE)
  .column(.method(.as_column(e1), method[[1]], .as_column(e2)))
}
# Two Columns have a method of their own: without it R says that it had to choose.
methods::setMethod("Ops", methods::signature("Column", "Column"), function(e1, e2) .operate(.Generic, e1, e2))
methods::setMethod("Ops", methods::signature("Column", "ANY"), function(e1, e2) .operate(.Generic, e1, e2))
methods::setMethod("Ops", methods::signature("ANY", "Column"), function(e1, e2) .operate(.Generic, e1, e2))
methods::setMethod("Ops", methods::signature("Column", "missing"), function(e1, e2) {
  if (.Generic == "-") .column(.method(e1, "__neg__")) else e1
})
methods::setMethod("!", "Column", function(x) .column(.method(x, "__invert__")))

Math.Column <- function(x, ...) {
  name <- switch(.Generic, ceiling = "ceil", sign = "signum", gamma = NULL, .Generic)
  if (.Generic == "round") return(.spark_function("round", list(x, ...)))
  if (.Generic == "log" && ...length() > 0) {
    return(.spark_function("log", list(as.numeric(..1), x)))
  }
  .spark_function(name, list(x))
}

Summary.Column <- function(..., na.rm = FALSE) {
  args <- list(...)
  switch(.Generic,
    max = , min = , sum = .spark_function(.Generic, args[1]),
    any = .spark_function("bool_or", args[1]),
    all = .spark_function("bool_and", args[1]),
    stop("Spark's columns have no ", .Generic, call. = FALSE)
  )
}

mean.Column <- function(x, ...) .spark_function("avg", list(x))
median.Column <- function(x, ...) .spark_function("median", list(x))
length.Column <- function(x) .spark_function("length", list(x))
unique.Column <- function(x, ...) stop("unique is for a SparkDataFrame; for a Column use n_distinct", call. = FALSE)

.column_method <- function(method) {
  force(method)
  function(x, ...) .column(.method(x, method, ...))
}

asc <- .column_method("asc")
desc <- .column_method("desc")
asc_nulls_first <- .column_method("asc_nulls_first")
asc_nulls_last <- .column_method("asc_nulls_last")
desc_nulls_first <- .column_method("desc_nulls_first")
desc_nulls_last <- .column_method("desc_nulls_last")
isNull <- .column_method("isNull")
isNotNull <- .column_method("isNotNull")
isNaN <- function(x) .spark_function("isnan", list(x))
like <- .column_method("like")
rlike <- .column_method("rlike")
ilike <- .column_method("ilike")
getField <- .column_method("getField")
getItem <- function(x, ...) .column(.method(x, "getItem", .whole(..1)))
withField <- .column_method("withField")
dropFields <- .column_method("dropFields")
cast <- function(x, dataType) .column(.method(x, "cast", .type_text(dataType)))
alias <- function(object, ...) {
  if (.is_column(object)) return(.column(.method(object, "alias", ...)))
  if (.is_frame(object)) return(.frame(.method(object, "alias", ...)))
  stats::alias(object, ...)
}
between <- function(x, bounds) {
  if (length(bounds) != 2) stop("between takes two bounds", call. = FALSE)
  .column(.method(x, "between", bounds[[1]], bounds[[2]]))
}
contains <- .column_method("contains")
eqNullSafe <- .column_method("eqNullSafe")
`%<=>%` <- function(x, value) .column(.method(x, "eqNullSafe", value))

# SparkR counts the first character as 1 and gives start and stop, like R.
substr <- function(x, start, stop) {
  if (!.is_column(x)) return(base::substr(x, start, stop))
  .column(.method(x, "substr", as.integer(start), as.integer(stop - start + 1)))
}
startsWith <- function(x, prefix) {
  if (.is_column(x)) .column(.method(x, "startswith", prefix)) else base::startsWith(x, prefix)
}
endsWith <- function(x, suffix) {
  if (.is_column(x)) .column(.method(x, "endswith", suffix)) else base::endsWith(x, suffix)
}
`%in%` <- function(x, table) {
  if (.is_column(x)) .column(.method(x, "isin", as.list(table))) else match(x, table, nomatch = 0L) > 0L
}

when <- function(condition, value) .column(.here("when", .py(condition), .plain(value)))
otherwise <- function(x, value) .column(.method(x, "otherwise", value))
ifelse <- function(test, yes, no) {
  if (.is_column(test)) otherwise(when(test, yes), no) else base::ifelse(test, yes, no)
}

# ---- windows ----------------------------------------------------------------------------------------

.window <- function(py) .wrapped(py, "WindowSpec")
.window_args <- function(...) lapply(list(...), .plain)
windowPartitionBy <- function(col, ...) .window(.here("window", "partitionBy", .window_args(col, ...)))
windowOrderBy <- function(col, ...) .window(.here("window", "orderBy", .window_args(col, ...)))
partitionBy <- function(x, ...) .window(.method(x, "partitionBy", ...))
rowsBetween <- function(x, start, end) .window(.method(x, "rowsBetween", .bound(start), .bound(end)))
rangeBetween <- function(x, start, end) .window(.method(x, "rangeBetween", .bound(start), .bound(end)))
over <- function(x, window) .column(.method(x, "over", window))
.bound <- function(x) if (is.infinite(x)) sign(x) * .Machine$integer.max else .whole(x)
print.WindowSpec <- function(x, ...) {
  cat("WindowSpec\n")
  invisible(x)
}

# ---- types and schemas ------------------------------------------------------------------------------

# R's names of types are understood as well as Spark's.
.type_text <- function(type) {
  known <- c(integer = "int", numeric = "double", character = "string", logical = "boolean", raw = "binary",
    POSIXct = "timestamp", Date = "date", bool = "boolean")
  if (type %in% names(known)) known[[type]] else type
}

structField <- function(x, type, nullable = TRUE, ...) {
  structure(list(name = x, type = .type_text(type), nullable = nullable), class = "structField")
}

structType <- function(x, ...) {
  if (is.character(x)) return(.struct_of(.here("schema_from_text", x)))
  structure(list(fields = list(x, ...)), class = "structType")
}

.struct_of <- function(described) {
  fields <- Map(
    function(name, type, nullable, class) {
      structure(list(name = name, type = type, nullable = nullable, class = class), class = "structField")
    },
    .texts(described$names), .texts(described$types), as.logical(unlist(described$nullable)), .texts(described$classes)
  )
  structure(list(fields = unname(fields)), class = "structType")
}

.schema_text <- function(schema) {
  if (is.null(schema)) return(NULL)
  if (is.character(schema)) return(schema)
  paste(vapply(schema$fields, function(one) {
    paste0("`", gsub("`", "``", one$name), "` ", one$type, if (isFALSE(one$nullable)) " NOT NULL")
  }, ""), collapse = ", ")
}

print.structField <- function(x, ...) {
  cat("StructField(name = \"", x$name, "\", type = \"", .class_text(x), "\", nullable = ", x$nullable, ")\n", sep = "")
  invisible(x)
}

print.structType <- function(x, ...) {
  cat("StructType\n")
  for (one in x$fields) {
    cat("|-name = \"", one$name, "\", type = \"", .class_text(one), "\", nullable = ", one$nullable, "\n", sep = "")
  }
  invisible(x)
}

.class_text <- function(field) {
  text <- if (is.null(field$class)) .texts(.here("schema_from_text", paste("x", field$type))$classes) else field$class
  sub("\\(\\)$", "", text)
}
