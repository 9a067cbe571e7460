# The R process of an interpreter: loads Python and the SparkR layer, then answers requests one by one.
#
# It is started by main.py, which owns the protocol's socket, this process's standard output and its
# interrupts. HEARTH_R_CHANNEL is the descriptor on which requests come; RETICULATE_PYTHON the Python.

options(device = "pdf", browser = FALSE, menu.graphics = FALSE, editor = "false", pager = "cat")
Sys.setenv(RETICULATE_MINICONDA_ENABLED = "FALSE")

.hearth <- new.env(parent = baseenv())

local({
  given <- grep("^--file=", commandArgs(), value = TRUE)
  .hearth$here <- dirname(normalizePath(sub("^--file=", "", given[[1]])))

  lacking <- Filter(function(package) !nzchar(system.file(package = package)), c("reticulate", "jsonlite"))
  if (length(lacking) > 0) {
    stop("R has no ", paste(lacking, collapse = ", "),
      "; on Debian: apt-get install --no-install-recommends r-base-core r-cran-reticulate", call. = FALSE)
  }
  for (file in c("packages.R", "evaluate.R")) sys.source(file.path(.hearth$here, file), envir = .hearth)
  .hearth$load_reticulate()

  # reticulate starts Python here, so a Python that it cannot take is found out here.
  .hearth$bridge <- tryCatch(
    reticulate::import_from_path("bridge", path = .hearth$here, delay_load = FALSE),
    error = function(e) {
      stop("R cannot use ", Sys.getenv("RETICULATE_PYTHON"), ": ", conditionMessage(e),
        " (it takes a Python with a shared library: on Debian libpython3.11)", call. = FALSE)
    }
  )
  .hearth$bridge_requests <- .hearth$bridge$Requests()
  .hearth$bridge_requests$hold_interrupts()
  .hearth$install_sparkr(.hearth$bridge$warm_up())
})

.hearth$serve()
quit(save = "no", status = 0, runLast = FALSE)
