# Groups and aggregates.

groupBy <- function(x, ...) .grouped(.here("grouped", .py(x), "groupBy", lapply(.columns(...), .plain)))
group_by <- groupBy
rollup <- function(x, ...) .grouped(.here("grouped", .py(x), "rollup", lapply(.columns(...), .plain)))
cube <- function(x, ...) .grouped(.here("grouped", .py(x), "cube", lapply(.columns(...), .plain)))
pivot <- function(x, colname, values = list()) {
  .grouped(if (length(values)) .method(x, "pivot", colname, as.list(values)) else .method(x, "pivot", colname))
}

print.GroupedData <- function(x, ...) {
  cat("GroupedData\n")
  invisible(x)
}

# Aggregates are Columns, whose names become aliases, or `column = "function"` pairs.
agg <- function(x, ...) {
  target <- if (.is_frame(x)) groupBy(x) else x
  wanted <- list(...)
  named <- if (is.null(names(wanted))) rep("", length(wanted)) else names(wanted)
  if (length(wanted) && all(vapply(wanted, is.character, NA))) {
    return(.frame(.here("aggregate", .py(target), unname(Map(list, named, unname(wanted))))))
  }
  columns <- Map(function(name, one) {
    one <- .as_column(one)
    if (name == "") one else alias(one, name)
  }, named, wanted)
  .frame(do.call(.method, c(list(target, "agg"), unname(columns))))
}
summarize <- agg
summarise <- agg

.group_method <- function(name) {
  force(name)
  function(x, ...) .frame(.method(x, name, ...))
}
mean.GroupedData <- .group_method("avg")
Summary.GroupedData <- function(x, ..., na.rm = FALSE) .frame(.method(x, .Generic, ...))
avg <- function(x, ...) if (inherits(x, "GroupedData")) .frame(.method(x, "avg", ...)) else .spark_function("avg", list(x))
