# Calls into Python, the classes of this package, and the columns that cross between R and Spark.
#
# A SparkDataFrame, GroupedData or WindowSpec is an empty list with the Python object as the attribute
# `py`: `$`, `[[` and `names` of these classes speak of Spark's columns. A Column is an S4 object with a slot of that
# name, because only S4 lets its operators win over those of Date and POSIXct.

.state <- new.env()

.wrapped <- function(py, class) structure(list(), py = py, class = class)
.frame <- function(py) {
  .here("analyzed", py)
  .wrapped(py, "SparkDataFrame")
}
.column <- function(py) methods::new("Column", py = py)
.grouped <- function(py) .wrapped(py, "GroupedData")
.py <- function(x) attr(x, "py", exact = TRUE)
.is_column <- function(x) inherits(x, "Column")
.is_frame <- function(x) inherits(x, "SparkDataFrame")
.is_session <- function(x) inherits(x, "SparkSession")

.session_object <- function() structure(list(), class = c("SparkSession", "jobj"))

print.SparkSession <- function(x, ...) {
  cat("SparkSession\n")
  invisible(x)
}

# An R value as Python takes it: wrapped objects without their wrapping, dates as literals.
.plain <- function(x) {
  if (inherits(x, c("Column", "SparkDataFrame", "WindowSpec", "GroupedData"))) return(.py(x))
  if (inherits(x, "Date") && length(x) == 1) return(.here("date_literal", as.numeric(x)))
  if (inherits(x, "POSIXt") && length(x) == 1) return(.here("time_literal", as.numeric(as.POSIXct(x))))
  if (is.factor(x)) return(as.character(x))
  if (is.list(x)) return(lapply(x, .plain))
  if (length(x) == 1 && is.na(x)) return(.here("literal", NULL))
  x
}

# Whole numbers, which R writes as doubles, as integers.
.whole <- function(x) {
  if (is.double(x) && !is.object(x) && length(x) == 1 && !is.na(x) && x == trunc(x) && abs(x) < 2^31) {
    return(as.integer(x))
  }
  x
}

# What Python answered, or an R error in the name of the verb of this package that asked for it.
.result <- function(answer) {
  if (isTRUE(answer[[1]])) return(if (length(answer) > 1) answer[[2]])
  stop(simpleError(answer[[2]], .user_call()))
}

.user_call <- function() {
  here <- environment(.user_call)
  for (at in rev(seq_len(sys.nframe()))) {
    made <- environment(sys.function(at))
    called <- sys.call(at)[[1]]
    if (is.null(made) || !identical(topenv(made), here) || is.function(called)) next
    if (!base::startsWith(deparse(called, nlines = 1L)[[1]], ".") && !identical(called, quote(FUN))) return(sys.call(at))
  }
  NULL
}

.method <- function(x, name, ...) .result(.state$bridge$call(.py(x), name, unname(lapply(list(...), .plain)), NULL))
.here <- function(name, ...) .result(.state$bridge$call_here(name, list(...)))
.on_session <- function(name, ...) .result(.state$bridge$call_session(name, list(...), NULL))
.spark_function <- function(name, args) {
  .column(.result(.state$bridge$call_function(name, unname(lapply(lapply(args, .whole), .plain)))))
}

# Python lists of one element come as plain values and empty ones as lists.
.texts <- function(x) as.character(unlist(x))

.options <- function(...) {
  given <- list(...)
  given <- given[names(given) != ""]
  lapply(given, function(one) if (is.logical(one)) tolower(as.character(one)) else as.character(one))
}

# The function of this name that ours stands before, or NULL.
.masked <- function(name) {
  for (package in c("base", "stats", "utils", "methods", "graphics", "grDevices")) {
    found <- get0(name, envir = asNamespace(package), mode = "function", inherits = FALSE)
    if (!is.null(found)) return(found)
  }
  NULL
}

# ---- columns from Spark -----------------------------------------------------------------------------

.to_data_frame <- function(py) {
  answer <- .here("collect", py)
  rows <- as.integer(answer$rows)
  columns <- lapply(answer$columns, .decoded, rows = rows)
  structure(columns, names = .texts(answer$names), row.names = .set_row_names(rows), class = "data.frame")
}

.decoded <- function(column, rows) {
  nulls <- as.integer(unlist(column$nulls)) + 1L
  doubles <- function() {
    values <- readBin(as.raw(column$data), "double", rows, endian = "little")
    values[nulls] <- NA_real_
    values
  }
  integers <- function() {
    values <- readBin(as.raw(column$data), "integer", rows, endian = "little")
    values[nulls] <- NA_integer_
    values
  }
  switch(column$kind,
    integer = integers(),
    logical = as.logical(integers()),
    double = doubles(),
    date = structure(doubles(), class = "Date"),
    time = structure(doubles(), class = c("POSIXct", "POSIXt"), tzone = column$zone),
    string = {
      values <- .texts(column$data)
      values[nulls] <- NA_character_
      values
    },
    null = rep(NA, rows),
    binary = {
      values <- column$data
      values[nulls] <- list(NULL)
      values
    },
    # Arrays stay lists, as in SparkR; structs and maps become named lists.
    json = jsonlite::fromJSON(column$data, simplifyVector = FALSE)
  )
}

# ---- columns to Spark -------------------------------------------------------------------------------

.encoded <- function(x) {
  nulls <- function(missing) as.list(which(missing) - 1L)
  json <- function(values, ...) as.character(jsonlite::toJSON(values, digits = NA, ...))
  if (is.list(x)) {
    if (inherits(x, "POSIXlt")) return(.encoded(as.POSIXct(x)))
    missing <- vapply(x, function(one) is.null(one) || (is.atomic(one) && length(one) == 1 && is.na(one)), NA)
    if (length(x) > 0 && all(missing | vapply(x, is.raw, NA))) {
      return(list(kind = "binary", data = lapply(x, function(one) if (is.raw(one)) one else raw()), nulls = nulls(missing)))
    }
    data <- lapply(x, function(one) if (is.list(one) || length(one) != 1) one else list(one))
    data[missing] <- list(NULL)
    return(list(kind = "json", data = json(unname(data), auto_unbox = TRUE, null = "null", na = "null"), nulls = nulls(missing)))
  }
  if (is.factor(x)) x <- as.character(x)
  missing <- is.na(x) & !(is.double(x) & is.nan(x))
  bytes <- function(values, filler) {
    values[missing] <- filler
    writeBin(as.vector(values), raw(), endian = "little")
  }
  if (inherits(x, "Date")) return(list(kind = "date", data = bytes(as.double(unclass(x)), 0), nulls = nulls(is.na(x))))
  if (inherits(x, "POSIXct")) return(list(kind = "time", data = bytes(as.double(unclass(x)), 0), nulls = nulls(is.na(x))))
  if (is.logical(x)) {
    if (length(x) > 0 && all(missing)) return(list(kind = "null", data = length(x), nulls = list()))
    return(list(kind = "logical", data = bytes(as.integer(x), 0L), nulls = nulls(missing)))
  }
  if (is.integer(x)) return(list(kind = "integer", data = bytes(x, 0L), nulls = nulls(missing)))
  if (is.double(x)) return(list(kind = "double", data = bytes(as.double(x), 0), nulls = nulls(missing)))
  if (is.character(x)) {
    values <- enc2utf8(x)
    values[missing] <- ""
    return(list(kind = "string", data = json(values), nulls = nulls(missing)))
  }
  stop("Spark has no type for values of class ", class(x)[[1]], call. = FALSE)
}
