# The verbs of a SparkDataFrame.

.name_of <- function(x) if (.is_column(x)) .text_of(x) else x
.names_of <- function(x) .texts(.here("schema_of", .py(x))$names)

# Columns given by name or as Column, one by one or in a list.
.columns <- function(...) {
  flat <- list()
  for (one in list(...)) {
    flat <- c(flat, if (.is_column(one)) list(one) else if (is.list(one)) one else as.list(one))
  }
  flat
}

print.SparkDataFrame <- function(x, ...) {
  schema <- .here("schema_of", .py(x))
  cat("SparkDataFrame[", paste(.texts(schema$names), .texts(schema$types), sep = ":", collapse = ", "), "]\n", sep = "")
  invisible(x)
}
show <- function(object) if (.is_frame(object)) print(object) else methods::show(object)
str.SparkDataFrame <- function(object, ...) {
  schema <- .here("schema_of", .py(object))
  names <- .texts(schema$names)
  cat("'SparkDataFrame': ", length(names), " variables:\n", sep = "")
  sample <- head(object, 6L)
  types <- c(string = "chr", int = "int", bigint = "num", double = "num", float = "num", boolean = "logi")
  for (at in seq_along(names)) {
    type <- .texts(schema$types)[[at]]
    shown <- if (type %in% names(types)) types[[type]] else type
    values <- sample[[at]]
    if (is.character(values)) values <- paste0("\"", values, "\"")
    cat(" $ ", format(names[[at]], width = max(base::nchar(names))), ": ", shown, " ",
      paste(format(values, trim = TRUE), collapse = " "), "\n", sep = "")
  }
  invisible(object)
}

showDF <- function(x, numRows = 20, truncate = TRUE, vertical = FALSE) {
  cut <- if (is.logical(truncate)) truncate else as.integer(truncate)
  cat(.here("shown", .py(x), as.integer(numRows), cut, vertical))
  invisible(x)
}
printSchema <- function(x) cat(.here("tree_of", .py(x)))
explain <- function(x, extended = FALSE, ...) cat(.here("plan_of", .py(x), isTRUE(extended)), "\n", sep = "")
schema <- function(x) .struct_of(.here("schema_of", .py(x)))
dtypes <- function(x) {
  described <- .here("schema_of", .py(x))
  unname(Map(c, .texts(described$names), .texts(described$types)))
}
coltypes <- function(x) {
  known <- c(int = "integer", smallint = "integer", tinyint = "integer", bigint = "numeric", float = "numeric",
    double = "numeric", string = "character", boolean = "logical", binary = "raw", date = "Date", timestamp = "POSIXct")
  types <- .texts(.here("schema_of", .py(x))$types)
  base::ifelse(types %in% names(known), known[types], base::ifelse(base::startsWith(types, "decimal"), "numeric", types))
}
columns <- function(x) .names_of(x)
names.SparkDataFrame <- function(x) .names_of(x)
`names<-.SparkDataFrame` <- function(x, value) .frame(.here("rename_all", .py(x), as.list(value)))
colnames <- function(x, ...) if (.is_frame(x)) .names_of(x) else base::colnames(x, ...)
`colnames<-` <- function(x, value) {
  if (.is_frame(x)) return(.frame(.here("rename_all", .py(x), as.list(value))))
  base::`colnames<-`(x, value)
}
length.SparkDataFrame <- function(x) length(.names_of(x))
ncol <- function(x) if (.is_frame(x)) length(.names_of(x)) else base::ncol(x)
nrow <- function(x) if (.is_frame(x)) count(x) else base::nrow(x)
dim.SparkDataFrame <- function(x) c(count(x), length(.names_of(x)))
isLocal <- function(x) FALSE
isStreaming <- function(x) FALSE
.DollarNames.SparkDataFrame <- function(x, pattern = "") grep(pattern, .names_of(x), value = TRUE)

# ---- to R -------------------------------------------------------------------------------------------

collect <- function(x, stringsAsFactors = FALSE, ...) {
  if (!.is_frame(x)) stop("collect takes a SparkDataFrame, not a ", class(x)[[1]])
  rows <- .to_data_frame(.py(x))
  if (isTRUE(stringsAsFactors)) rows[] <- lapply(rows, function(one) if (is.character(one)) factor(one) else one)
  rows
}
as.data.frame.SparkDataFrame <- function(x, row.names = NULL, optional = FALSE, ..., stringsAsFactors = FALSE) {
  rows <- collect(x, stringsAsFactors)
  if (!is.null(row.names)) rownames(rows) <- row.names
  rows
}
as.list.SparkDataFrame <- function(x, ...) as.list(collect(x))
take <- function(x, num) .to_data_frame(.method(x, "limit", as.integer(num)))
head.SparkDataFrame <- function(x, num = 6L, ...) take(x, num)
tail.SparkDataFrame <- function(x, num = 6L, ...) {
  rows <- collect(x)
  utils::tail(rows, num)
}
count <- function(x, ...) {
  if (.is_column(x)) return(.spark_function("count", list(x)))
  if (inherits(x, "GroupedData")) return(.frame(.method(x, "count")))
  as.numeric(.method(x, "count"))
}
toJSON <- function(x, ...) {
  if (!.is_frame(x)) return(jsonlite::toJSON(x, ...))
  whole <- .spark_function("struct", lapply(.names_of(x), function(name) column(.quoted(name))))
  .frame(.method(x, "select", alias(.spark_function("to_json", list(whole)), "value")))
}
.quoted <- function(name) if (grepl("^[A-Za-z_][A-Za-z0-9_]*$", name)) name else paste0("`", gsub("`", "``", name), "`")

# ---- columns of a frame -----------------------------------------------------------------------------

.one_column <- function(x, name) {
  name <- if (is.numeric(name)) .names_of(x)[[name]] else name
  known <- .names_of(x)
  found <- known[base::tolower(known) == base::tolower(name)]
  .column(.method(x, "__getitem__", if (length(found) == 1) .quoted(found) else name))
}
`$.SparkDataFrame` <- function(x, name) {
  known <- .names_of(x)
  if (base::tolower(name) %in% base::tolower(known)) .one_column(x, name)
  else if (grepl(".", name, fixed = TRUE)) column(name)
  else NULL
}
`[[.SparkDataFrame` <- function(x, i, ...) .one_column(x, i)
`$<-.SparkDataFrame` <- function(x, name, value) {
  if (is.null(value)) drop(x, name) else withColumn(x, name, value)
}
`[[<-.SparkDataFrame` <- function(x, i, value) {
  name <- if (is.numeric(i)) .names_of(x)[[i]] else i
  if (is.null(value)) drop(x, name) else withColumn(x, name, value)
}
`[.SparkDataFrame` <- function(x, i, j, ..., drop = FALSE) {
  rows <- !missing(i)
  cols <- !missing(j)
  if (rows && !cols && nargs() - !missing(drop) == 2 && !.is_column(i)) {
    return(select(x, as.list(if (is.numeric(i)) .names_of(x)[i] else i)))
  }
  if (rows) x <- filter(x, i)
  if (!cols) return(x)
  if (.is_column(j)) j <- list(j)
  wanted <- as.list(if (is.numeric(j)) .names_of(x)[j] else j)
  if (isTRUE(drop) && length(wanted) == 1) return(.one_column(x, wanted[[1]]))
  select(x, wanted)
}
subset.SparkDataFrame <- function(x, subset, select, drop = FALSE, ...) {
  if (!missing(subset)) x <- filter(x, subset)
  if (missing(select)) x else SparkR::select(x, if (.is_column(select)) list(select) else as.list(select))
}

# ---- rows and columns -------------------------------------------------------------------------------

select <- function(x, col, ...) .frame(do.call(.method, c(list(x, "select"), .columns(col, ...))))
selectExpr <- function(x, expr, ...) .frame(.method(x, "selectExpr", expr, ...))
filter <- function(x, condition, ...) {
  if (!.is_frame(x)) return(stats::filter(x, condition, ...))
  .frame(.method(x, "filter", condition))
}
where <- function(x, condition) filter(x, condition)
withColumn <- function(x, colName, col) .frame(.method(x, "withColumn", colName, .as_column(col)))
withColumnRenamed <- function(x, existingCol, newCol) .frame(.method(x, "withColumnRenamed", existingCol, newCol))
rename <- function(x, ...) {
  for (name in ...names()) x <- withColumnRenamed(x, .name_of(list(...)[[name]]), name)
  x
}
mutate <- function(.data, ...) {
  added <- list(...)
  written <- vapply(as.list(substitute(list(...)))[-1], function(one) deparse(one, nlines = 1L)[[1]], "")
  named <- if (is.null(names(added))) rep("", length(added)) else names(added)
  named[named == ""] <- written[named == ""]
  for (at in seq_along(added)) .data <- withColumn(.data, named[[at]], added[[at]])
  .data
}
transform.SparkDataFrame <- function(`_data`, ...) mutate(`_data`, ...)
drop <- function(x, col, ...) {
  if (!.is_frame(x)) return(base::drop(x))
  .frame(do.call(.method, c(list(x, "drop"), .columns(col, ...))))
}
distinct <- function(x) .frame(.method(x, "distinct"))
unique.SparkDataFrame <- function(x, incomparables = FALSE, ...) distinct(x)
dropDuplicates <- function(x, ...) {
  names <- .texts(c(...))
  .frame(if (length(names)) .method(x, "dropDuplicates", as.list(names)) else .method(x, "dropDuplicates"))
}
limit <- function(x, num) .frame(.method(x, "limit", as.integer(num)))
arrange <- function(x, col, ..., decreasing = FALSE) {
  by <- .columns(col, ...)
  falling <- rep_len(decreasing, length(by))
  by <- Map(function(one, down) {
    one <- if (.is_column(one)) one else column(one)
    if (down) desc(one) else one
  }, by, falling)
  .frame(do.call(.method, c(list(x, "orderBy"), unname(by))))
}
orderBy <- function(x, col, ...) {
  if (inherits(x, "WindowSpec")) return(.window(.method(x, "orderBy", col, ...)))
  arrange(x, col, ...)
}
sortWithinPartitions <- function(x, col, ...) {
  .frame(do.call(.method, c(list(x, "sortWithinPartitions"), .columns(col, ...))))
}
sample <- function(x, withReplacement = FALSE, fraction, seed, ...) {
  if (!.is_frame(x)) {
    # base::sample: its arguments are named differently, so the call goes on as it was written.
    call <- sys.call()
    call[[1]] <- quote(base::sample)
    return(eval(call, parent.frame()))
  }
  if (!is.numeric(fraction) || fraction < 0) stop("fraction must be a number that is not negative", call. = FALSE)
  if (missing(seed)) .frame(.method(x, "sample", withReplacement, as.numeric(fraction)))
  else .frame(.method(x, "sample", withReplacement, as.numeric(fraction), as.integer(seed)))
}
sample_frac <- function(x, withReplacement = FALSE, fraction, seed) {
  if (missing(seed)) sample(x, withReplacement, fraction) else sample(x, withReplacement, fraction, seed)
}
sampleBy <- function(x, col, fractions, seed) {
  .frame(.method(x, "sampleBy", col, fractions, as.integer(seed)))
}
randomSplit <- function(x, weights, seed) {
  parts <- if (missing(seed)) .method(x, "randomSplit", as.list(weights))
  else .method(x, "randomSplit", as.list(weights), as.integer(seed))
  lapply(parts, .frame)
}

# ---- two frames -------------------------------------------------------------------------------------

join <- function(x, y, joinExpr = NULL, joinType = NULL) {
  if (is.null(joinExpr)) return(crossJoin(x, y))
  kind <- if (is.null(joinType)) "inner" else gsub("_", "", base::tolower(joinType))
  .frame(.method(x, "join", y, joinExpr, kind))
}
crossJoin <- function(x, y) .frame(.method(x, "crossJoin", y))
merge.SparkDataFrame <- function(x, y, by = intersect(names(x), names(y)), by.x = by, by.y = by,
                                 all = FALSE, all.x = all, all.y = all, sort = TRUE, suffixes = c("_x", "_y"), ...) {
  kind <- if (all.x && all.y) "outer" else if (all.x) "leftouter" else if (all.y) "rightouter" else "inner"
  if (length(by.x) == 0) return(crossJoin(x, y))
  shared <- base::intersect(names(x), names(y))
  renamed <- function(frame, suffix) {
    for (name in shared) frame <- withColumnRenamed(frame, name, paste0(name, suffix))
    frame
  }
  key <- function(name, suffix) if (name %in% shared) paste0(name, suffix) else name
  left <- renamed(x, suffixes[[1]])
  right <- renamed(y, suffixes[[2]])
  condition <- Reduce(`&`, Map(function(a, b) {
    .one_column(left, key(a, suffixes[[1]])) == .one_column(right, key(b, suffixes[[2]]))
  }, by.x, by.y))
  joined <- join(left, right, condition, kind)
  if (sort) arrange(joined, as.list(vapply(by.x, key, "", suffix = suffixes[[1]], USE.NAMES = FALSE))) else joined
}
union <- function(x, y) if (.is_frame(x)) .frame(.method(x, "union", y)) else base::union(x, y)
unionAll <- function(x, y) union(x, y)
unionByName <- function(x, y, allowMissingColumns = FALSE) .frame(.method(x, "unionByName", y, allowMissingColumns))
rbind.SparkDataFrame <- function(..., deparse.level = 1) Reduce(union, list(...))
intersect <- function(x, y) if (.is_frame(x)) .frame(.method(x, "intersect", y)) else base::intersect(x, y)
intersectAll <- function(x, y) .frame(.method(x, "intersectAll", y))
except <- function(x, y) .frame(.method(x, "subtract", y))
exceptAll <- function(x, y) .frame(.method(x, "exceptAll", y))

# ---- statistics and missing values ------------------------------------------------------------------

describe <- function(x, col, ...) {
  .frame(if (missing(col)) .method(x, "describe") else .method(x, "describe", col, ...))
}
summary.SparkDataFrame <- function(object, ...) .frame(.method(object, "summary", ...))
dropna <- function(x, how = c("any", "all"), minNonNulls = NULL, cols = NULL) {
  cols <- if (is.null(cols)) NULL else as.list(cols)
  threshold <- if (is.null(minNonNulls)) NULL else as.integer(minNonNulls)
  .frame(.method(x, "dropna", match.arg(how), threshold, cols))
}
na.omit.SparkDataFrame <- function(object, how = c("any", "all"), minNonNulls = NULL, cols = NULL, ...) {
  dropna(object, match.arg(how), minNonNulls, cols)
}
fillna <- function(x, value, cols = NULL) {
  if (is.list(value)) return(.frame(.method(x, "fillna", value)))
  .frame(.method(x, "fillna", value, if (is.null(cols)) NULL else as.list(cols)))
}
crosstab <- function(x, col1, col2) .to_data_frame(.method(x, "crosstab", col1, col2))
freqItems <- function(x, cols, support = 0.01) .to_data_frame(.method(x, "freqItems", as.list(cols), support))
approxQuantile <- function(x, cols, probabilities, relativeError = 0.0) {
  found <- .method(x, "approxQuantile", if (length(cols) == 1) cols else as.list(cols), as.list(probabilities), relativeError)
  if (length(cols) == 1) as.list(found) else lapply(found, as.list)
}

# ---- execution --------------------------------------------------------------------------------------

cache <- function(x) {
  .method(x, "cache")
  x
}
persist <- function(x, newLevel = "MEMORY_AND_DISK") {
  .method(x, "persist")
  x
}
unpersist <- function(x, blocking = TRUE) {
  .method(x, "unpersist", blocking)
  x
}
repartition <- function(x, numPartitions = NULL, col = NULL, ...) {
  if (.is_column(numPartitions)) return(.frame(.method(x, "repartition", numPartitions, ...)))
  args <- c(if (!is.null(numPartitions)) list(as.integer(numPartitions)), if (!is.null(col)) list(col), list(...))
  .frame(do.call(.method, c(list(x, "repartition"), args)))
}
coalesce <- function(x, ...) {
  if (.is_column(x)) .spark_function("coalesce", list(x, ...)) else .frame(.method(x, "coalesce", .whole(..1)))
}
getNumPartitions <- function(x) .absent("getNumPartitions")()
hint <- function(x, name, ...) .frame(.method(x, "hint", name, ...))
broadcast <- function(x) hint(x, "broadcast")
checkpoint <- function(x, eager = TRUE) .frame(.method(x, "checkpoint", eager))
localCheckpoint <- function(x, eager = TRUE) .frame(.method(x, "localCheckpoint", eager))
withWatermark <- function(x, eventTime, delayThreshold) .frame(.method(x, "withWatermark", eventTime, delayThreshold))
