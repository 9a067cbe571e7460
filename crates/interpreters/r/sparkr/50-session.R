# The session: queries, data sources, the catalog and settings.
#
# SparkR 1.x gave the context as the first argument of these functions; it is taken and left aside.

# `function(...)` that calls `work` without a context in front.
.contextual <- function(work) {
  force(work)
  function(...) {
    args <- list(...)
    if (length(args) > 0 && .is_session(args[[1]])) args <- args[-1]
    do.call(work, args, quote = TRUE)
  }
}

sparkR.session <- function(...) invisible(.session_object())
sparkR.init <- function(...) invisible(.session_object())
sparkRSQL.init <- function(...) invisible(.session_object())
sparkRHive.init <- function(...) invisible(.session_object())
sparkR.session.stop <- function() invisible(NULL)
sparkR.stop <- function() invisible(NULL)
sparkR.version <- function() .here("version")
sparkR.conf <- function(key, defaultValue) {
  if (missing(key)) return(.here("all_conf"))
  value <- if (missing(defaultValue)) .here("get_conf", key, NULL) else .here("get_conf", key, defaultValue)
  stats::setNames(list(value), key)
}
setLogLevel <- function(...) invisible(NULL)
setJobGroup <- function(...) invisible(NULL)
setJobDescription <- function(...) invisible(NULL)
clearJobGroup <- function(...) invisible(NULL)

sql <- .contextual(function(sqlQuery) .frame(.on_session("sql", sqlQuery)))
tableToDF <- .contextual(function(tableName) .frame(.on_session("table", tableName)))

# ---- from R -----------------------------------------------------------------------------------------

createDataFrame <- .contextual(function(data, schema = NULL, samplingRatio = 1.0, numPartitions = NULL) {
  if (.is_frame(data)) return(data)
  if (!is.data.frame(data)) data <- .rows_to_data_frame(data)
  names <- names(data)
  if (is.character(schema) && (length(schema) > 1 || !grepl("[[:space:]:]", schema))) {
    names <- schema
    schema <- NULL
  }
  if (length(names) != length(data)) stop("there are ", length(data), " columns and ", length(names), " names", call. = FALSE)
  if (is.null(schema)) {
    for (name in grep(".", names, fixed = TRUE, value = TRUE)) {
      warning("Use ", gsub(".", "_", name, fixed = TRUE), " instead of ", name, " as column name", call. = FALSE)
    }
    names <- gsub(".", "_", names, fixed = TRUE)
  }
  .frame(.here("create", as.list(names), unname(lapply(data, .encoded)), .schema_text(schema)))
})
as.DataFrame <- createDataFrame

# A list of rows, each a list or a vector.
.rows_to_data_frame <- function(rows) {
  if (is.atomic(rows)) rows <- as.list(rows)
  rows <- lapply(rows, as.list)
  width <- if (length(rows)) length(rows[[1]]) else 0L
  if (any(lengths(rows) != width)) stop("the rows have different numbers of values", call. = FALSE)
  names <- if (width && !is.null(names(rows[[1]]))) names(rows[[1]]) else paste0("_", seq_len(width))
  columns <- lapply(seq_len(width), function(at) {
    values <- lapply(rows, `[[`, at)
    plain <- vapply(values, function(one) is.null(one) || (is.atomic(one) && length(one) == 1), NA)
    if (!all(plain)) return(values)
    values[vapply(values, is.null, NA)] <- list(NA)
    do.call(c, values)
  })
  structure(columns, names = names, row.names = .set_row_names(length(rows)), class = "data.frame")
}

# ---- files and tables -------------------------------------------------------------------------------

.read <- function(format, path, schema, ...) {
  paths <- if (is.null(path)) NULL else as.list(.absolute(path))
  .frame(.here("read", format, paths, .schema_text(schema), .options(...)))
}

# Relative paths are those of this interpreter, not of the server.
.absolute <- function(path) {
  plain <- !grepl("^[A-Za-z][A-Za-z0-9+.-]*:", path) & !base::startsWith(path, "/")
  path[plain] <- file.path(getwd(), path.expand(path[plain]))
  path
}

.read_json <- function(path, schema = NULL, ...) {
  options <- .options(...)
  local <- .here("is_local", as.list(path), list(tempdir(), Sys.getenv("HOME"), Sys.getenv("TMPDIR", tempdir())))
  if (!local) return(.read("json", path, schema, ...))
  .frame(.here("read_local_json", as.list(path), .schema_text(schema), options))
}
read.json <- .contextual(.read_json)
jsonFile <- read.json
read.parquet <- .contextual(function(path, ...) .read("parquet", path, NULL, ...))
parquetFile <- read.parquet
read.orc <- .contextual(function(path, ...) .read("orc", path, NULL, ...))
read.text <- .contextual(function(path, ...) .read("text", path, NULL, ...))
read.df <- .contextual(function(path = NULL, source = NULL, schema = NULL, na.strings = "NA", ...) {
  if (identical(source, "json")) return(.read_json(path, schema, ...))
  if (identical(source, "csv")) .read(source, path, schema, nullValue = na.strings, ...) else .read(source, path, schema, ...)
})
loadDF <- read.df
read.jdbc <- function(url, tableName, ...) .read("jdbc", NULL, NULL, url = url, dbtable = tableName, ...)

.write <- function(x, format, path, mode, ..., table = NULL, partitionBy = NULL) {
  modes <- c("append", "overwrite", "error", "errorifexists", "ignore")
  if (!mode %in% modes) stop("mode should be one of ", paste(modes, collapse = ", "), call. = FALSE)
  path <- if (is.null(path)) NULL else .absolute(path)
  .here("write", .py(x), format, path, table, mode, .options(...), if (is.null(partitionBy)) NULL else as.list(partitionBy))
  invisible(NULL)
}
write.json <- function(x, path, mode = "error", ...) .write(x, "json", path, mode, ...)
write.parquet <- function(x, path, mode = "error", ...) .write(x, "parquet", path, mode, ...)
write.orc <- function(x, path, mode = "error", ...) .write(x, "orc", path, mode, ...)
write.text <- function(x, path, mode = "error", ...) .write(x, "text", path, mode, ...)
write.df <- function(df, path = NULL, source = NULL, mode = "error", partitionBy = NULL, ...) {
  .write(df, source, path, mode, ..., partitionBy = partitionBy)
}
saveDF <- write.df
saveAsTable <- function(df, tableName, source = NULL, mode = "error", ...) {
  .write(df, source, NULL, mode, ..., table = tableName)
}
insertInto <- function(x, tableName, overwrite = FALSE) {
  .here("insert", .py(x), tableName, overwrite)
  invisible(NULL)
}

createOrReplaceTempView <- function(x, viewName) invisible(.method(x, "createOrReplaceTempView", viewName))
registerTempTable <- createOrReplaceTempView
createTempView <- function(x, viewName) invisible(.method(x, "createTempView", viewName))
dropTempView <- function(viewName) .here("catalog", "dropTempView", list(viewName))
dropTempTable <- .contextual(function(tableName) invisible(.here("catalog", "dropTempView", list(tableName))))

.listing <- function(method, ..., columns) {
  answer <- .here("catalog_rows", method, list(...))
  rows <- jsonlite::fromJSON(answer$rows, simplifyVector = FALSE)
  names <- .texts(answer$names)
  if (length(rows) == 0) return(list())
  table <- lapply(seq_along(names), function(at) {
    unlist(lapply(rows, function(row) if (is.null(row[[at]])) NA else row[[at]]))
  })
  structure(table, names = names, row.names = .set_row_names(length(rows)), class = "data.frame")
}
.listed <- function(method, ...) {
  found <- .listing(method, ...)
  if (is.data.frame(found)) createDataFrame(found) else found
}
tables <- .contextual(function(databaseName = NULL) {
  .frame(.on_session("sql", if (is.null(databaseName)) "SHOW TABLES" else paste("SHOW TABLES IN", databaseName)))
})
tableNames <- .contextual(function(databaseName = NULL) collect(tables(databaseName))$tableName)
listTables <- function(databaseName = NULL) .listed("listTables", databaseName)
listDatabases <- function() .listed("listDatabases")
listColumns <- function(tableName, databaseName = NULL) {
  .listed("listColumns", if (is.null(databaseName)) tableName else paste(databaseName, tableName, sep = "."))
}
listFunctions <- function(databaseName = NULL) .listed("listFunctions", databaseName)
databaseExists <- function(databaseName) .here("catalog", "databaseExists", list(databaseName))
tableExists <- function(tableName) .here("catalog", "tableExists", list(tableName))
currentDatabase <- function() .here("catalog", "currentDatabase", list())
setCurrentDatabase <- function(databaseName) invisible(.here("catalog", "setCurrentDatabase", list(databaseName)))
currentCatalog <- function() .here("catalog", "currentCatalog", list())
setCurrentCatalog <- function(catalogName) invisible(.here("catalog", "setCurrentCatalog", list(catalogName)))
cacheTable <- .contextual(function(tableName) invisible(.here("catalog", "cacheTable", list(tableName))))
uncacheTable <- .contextual(function(tableName) invisible(.here("catalog", "uncacheTable", list(tableName))))
clearCache <- .contextual(function() invisible(.here("catalog", "clearCache", list())))
refreshTable <- function(tableName) invisible(.here("catalog", "refreshTable", list(tableName)))
refreshByPath <- function(path) invisible(.here("catalog", "refreshByPath", list(path)))
recoverPartitions <- function(tableName) invisible(.here("catalog", "recoverPartitions", list(tableName)))
