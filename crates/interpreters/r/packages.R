# The packages of the interpreter: SparkR, which is made of source files here, and reticulate, without what it
# would load for nothing.

# An installed package of plain R code, as library() and `::` expect to find it.
write_package <- function(library_folder, name, version, title, namespace, code) {
  folder <- file.path(library_folder, name)
  dir.create(file.path(folder, "R"), recursive = TRUE)
  dir.create(file.path(folder, "Meta"))
  r_version <- paste(R.version$major, R.version$minor, sep = ".")
  now <- Sys.time()
  description <- c(
    Package = name, Version = version, Title = title, License = "Apache License 2.0",
    Built = paste0("R ", r_version, "; ; ", format(now, "%Y-%m-%d %H:%M:%S UTC", tz = "UTC"), "; unix")
  )
  write.dcf(as.list(description), file.path(folder, "DESCRIPTION"))
  saveRDS(list(
    DESCRIPTION = description,
    Built = list(R = getRversion(), Platform = "", Date = now, OStype = "unix"),
    Rdepends = list(), Rdepends2 = list(), Depends = list(), Suggests = list(), Imports = list(), LinkingTo = list()
  ), file.path(folder, "Meta", "package.rds"))
  writeLines(namespace, file.path(folder, "NAMESPACE"))
  writeLines(code, file.path(folder, "R", name))
}

# reticulate imports one function of Matrix, which costs 150 MB and most of a second. It gets one that loads
# the real package when it is called; for everyone else Matrix is as if nothing had happened.
load_reticulate <- function() {
  if (!isNamespaceLoaded("Matrix")) tryCatch(load_without_matrix(), error = function(e) NULL)
  loadNamespace("reticulate")
}

load_without_matrix <- function() {
  library_folder <- tempfile("hearth-import-")
  write_package(library_folder, "Matrix", "99.0", "Stands in for Matrix", "export(Matrix)",
    "Matrix <- function(...) getExportedValue('Matrix', 'Matrix')(...)")
  before <- .libPaths()
  on.exit({
    .libPaths(before)
    if (isNamespaceLoaded("Matrix")) eval(quote(.Internal(unregisterNamespace("Matrix"))), baseenv())
    unlink(library_folder, recursive = TRUE)
  })
  .libPaths(c(library_folder, before))
  loadNamespace("Matrix", lib.loc = library_folder)
  loadNamespace("reticulate")
}

# library(SparkR), require, SparkR::name and SparkR:::name are R's own.
install_sparkr <- function(version) {
  library_folder <- file.path(tempdir(), "hearth-library")
  sources <- sort(list.files(file.path(here, "sparkr"), pattern = "[.]R$", full.names = TRUE))
  write_package(library_folder, "SparkR", sub("^([0-9]+(\\.[0-9]+)*).*$", "\\1", version),
    "The verbs of SparkR over Spark Connect",
    c('exportPattern("^[^.]")', 'exportClasses("Column")', 'exportMethods("Ops", "!", "show")'),
    unlist(lapply(sources, readLines, encoding = "UTF-8")))
  .libPaths(c(library_folder, .libPaths()))
  state <- getNamespace("SparkR")$.state
  state$bridge <- bridge
  # The session outlives quit(), as it outlives exit() in Python.
  leave <- function(...) stop("quit() does not end a session: delete the session instead", call. = FALSE)
  attach(list(q = leave, quit = leave), name = "hearth", warn.conflicts = FALSE)
  suppressPackageStartupMessages(suppressWarnings(library("SparkR", character.only = TRUE, warn.conflicts = FALSE)))
}
