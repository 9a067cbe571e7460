# Evaluates cells as R's console does, and keeps the loop of requests.
#
# Everything that a cell prints goes to the process's own standard output: the parent process knows
# which of it belongs to which request. What is here only decides what is printed.

# ---- the loop -------------------------------------------------------------------------------------

serve <- function() {
  bridge_requests$answer(list(ready = TRUE, version = paste(R.version$major, R.version$minor, sep = ".")))
  repeat {
    request <- bridge_requests$`next`()
    if (is.null(request)) return(invisible())
    bridge_requests$answer(guarded(request))
  }
}

# The answer to one request. An interrupt may hit this function itself, just before or after user code.
guarded <- function(request) {
  answer <- tryCatch(
    withRestarts(
      withCallingHandlers(
        switch(request$op,
          bind = bound(request),
          execute = executed(request),
          complete = list(candidates = as.list(completions(request$code, request$cursor))),
          list(refused = paste("unknown op", request$op))
        ),
        # Those of a cell were taken further in; these are about this program.
        warning = function(w) if (getOption("warn") < 2) tryInvokeRestart("muffleWarning")
      ),
      abort = function() failure("Error: aborted")
    ),
    interrupt = function(e) cancelled(),
    error = function(e) list(refused = conditionMessage(e))
  )
  repeat {
    done <- tryCatch({
      bridge_requests$hold_interrupts()
      TRUE
    }, interrupt = function(e) FALSE, error = function(e) FALSE)
    if (done) break
  }
  close_page()
  if (request$op == "execute") quietly(bridge$spark$end_cell(identical(answer$ename, "Interrupted")))
  quietly(bridge$flush())
  answer
}

quietly <- function(expression) tryCatch(expression, error = function(e) NULL, interrupt = function(e) NULL)

failure <- function(text) {
  list(status = "error", ename = "Error", evalue = paste0("[1] ", printed(text)))
}

# As print() would, but with the lines of a long message kept apart.
printed <- function(text) {
  lines <- gsub('"', '\\"', strsplit(text, "\n", fixed = TRUE)[[1]], fixed = TRUE)
  paste0('"', paste(lines, collapse = "\n"), '"')
}

cancelled <- function() list(status = "error", ename = "Interrupted", evalue = "the statement was cancelled")

bound <- function(request) {
  zone <- bridge$bind(request$remote, request$name, request$conf)
  if (zone %in% OlsonNames()) Sys.setenv(TZ = zone)
  attach_session()
  list(ok = TRUE)
}

attach_session <- function() {
  session <- getNamespace("SparkR")$.session_object()
  for (name in c("spark", "sc", "sqlContext")) {
    if (!exists(name, envir = globalenv(), inherits = FALSE)) assign(name, session, envir = globalenv())
  }
}

# ---- a cell ---------------------------------------------------------------------------------------

executed <- function(request) {
  expressions <- tryCatch(
    parse(text = request$code, keep.source = TRUE, encoding = "UTF-8"),
    error = function(e) e
  )
  if (inherits(expressions, "error")) return(failure(error_text(expressions)))
  page$device <- NULL
  page$folder <- NULL
  options(device = open_page)
  bridge$spark$begin_cell()
  bridge_requests$allow_interrupts()
  failed <- evaluate_all(expressions)
  bridge_requests$hold_interrupts()
  if (!is.null(failed)) return(failed)
  list(status = "ok", image = last_page())
}

# Evaluates until the first error, which is returned.
evaluate_all <- function(expressions) {
  for (expression in as.list(expressions)) {
    warnings <- new.env()
    warnings$seen <- list()
    failed <- tryCatch(
      withRestarts(
        withCallingHandlers(
          {
            evaluate_one(rewritten(expression))
            NULL
          },
          warning = function(w) {
            if (getOption("warn") < 0) tryInvokeRestart("muffleWarning")
            if (getOption("warn") < 2) {
              warnings$seen <- c(warnings$seen, list(w))
              tryInvokeRestart("muffleWarning")
            }
          }
        ),
        abort = function() failure("Error: aborted")
      ),
      error = function(e) failure(error_text(e)),
      interrupt = function(e) cancelled()
    )
    print_warnings(warnings$seen)
    if (!is.null(failed)) return(failed)
  }
  NULL
}

evaluate_one <- function(expression) {
  outcome <- withVisible(eval(expression, globalenv()))
  if (outcome$visible) print_value(outcome$value)
}

print_value <- function(value) {
  # As at the prompt: S4 objects show themselves, others are printed with the methods in sight.
  if (isS4(value)) methods::show(value) else eval(call("print", quote(x)), list(x = value), globalenv())
}

# Clients of Livy send `frame.persist()`, Python's way to say it, to R sessions too.
rewritten <- function(expression) {
  if (!is.call(expression) || length(expression) != 1 || !is.name(expression[[1]])) return(expression)
  name <- as.character(expression[[1]])
  target <- sub("[.](persist|cache|unpersist)$", "", name)
  if (target == name || exists(name, envir = globalenv(), mode = "function")) return(expression)
  if (!inherits(get0(target, envir = globalenv()), "SparkDataFrame")) return(expression)
  verb <- substring(name, nchar(target) + 2)
  if (verb == "persist") call("invisible", call("persist", as.name(target), "MEMORY_AND_DISK"))
  else call("invisible", call(verb, as.name(target)))
}

error_text <- function(e) {
  text <- sub("\n+$", "", paste(conditionMessage(e), collapse = "\n"))
  call <- conditionCall(e)
  if (is.null(call)) return(paste0("Error: ", text))
  if (identical(call[[1]], quote(parse))) return(paste0("Error in parse(text = code): ", text))
  paste0("Error in ", deparse(call, nlines = 1L)[[1]], ": ", text)
}

print_warnings <- function(seen) {
  if (length(seen) == 0) return(invisible())
  seen <- utils::head(seen, 50L)
  # A warning of the cell's own top level has no call at the prompt.
  calls <- lapply(seen, function(one) if (!identical(conditionCall(one)[[1]], quote(eval))) conditionCall(one))
  names(calls) <- vapply(seen, conditionMessage, "")
  writeLines(utils::capture.output(print(structure(calls, class = "warnings"))), stderr())
}

# ---- graphics -------------------------------------------------------------------------------------

page <- new.env()

# The device that R opens when code draws and has opened none.
open_page <- function(...) {
  page$folder <- tempfile("plots-")
  dir.create(page$folder)
  kind <- if (isTRUE(capabilities("cairo"))) "cairo" else getOption("bitmapType")
  grDevices::png(file.path(page$folder, "page-%04d.png"), width = 480, height = 480, type = kind)
  page$device <- grDevices::dev.cur()
}

close_page <- function() {
  if (!is.null(page$device) && page$device %in% grDevices::dev.list()) {
    quietly(grDevices::dev.off(page$device))
  }
  page$device <- NULL
  if (!is.null(page$folder)) unlink(page$folder, recursive = TRUE)
  page$folder <- NULL
}

# Base64 of the last page that was drawn.
last_page <- function() {
  if (is.null(page$folder)) return(NULL)
  if (page$device %in% grDevices::dev.list()) grDevices::dev.off(page$device)
  page$device <- NULL
  files <- sort(list.files(page$folder, full.names = TRUE))
  if (length(files) == 0) return(NULL)
  last <- files[[length(files)]]
  jsonlite::base64_enc(readBin(last, "raw", file.size(last)))
}

# ---- completion -----------------------------------------------------------------------------------

completions <- function(code, cursor) {
  before <- substr(code, 1L, as.integer(cursor))
  line <- sub("^.*\n", "", before)
  utils::rc.options(funarg.suffix = "=", function.suffix = "")
  engine <- asNamespace("utils")
  found <- tryCatch({
    engine$.assignLinebuffer(line)
    engine$.assignEnd(nchar(line))
    engine$.guessTokenFromLine()
    engine$.completeToken()
    engine$.retrieveCompletions()
  }, error = function(e) character())
  # R completes `frame$na` as a whole; what stands instead of the word is the part behind the operator.
  found <- sub("^.*(\\$|@|:::?)", "", found)
  found <- found[nzchar(found)]
  utils::head(sort(unique(found), method = "radix"), 500L)
}
