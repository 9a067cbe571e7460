"""What programs say: printed text, and errors with the place in the program that they point at."""

from __future__ import annotations

import contextlib
import io
import re

from pyspark.errors import PySparkException


def printed(program):
    """What `program` prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        program()
    return text.getvalue()


def caught(program):
    """The error of `program` as users see it: class, condition, state, parameters, query contexts."""
    try:
        program()
    except PySparkException as error:
        parameters = {k: re.sub(r"#\d+L?", "#n", str(v)) for k, v in sorted((error.getMessageParameters() or {}).items())}
        contexts = [context_text(context) for context in error.getQueryContext() or []]
        return [type(error).__name__, error.getCondition(), error.getSqlState(), parameters, contexts]
    except Exception as error:  # what the client itself raises
        return [type(error).__name__, str(error).splitlines()[0] if str(error) else ""]
    return "no error"


def context_text(context):
    kind = context.contextType().name
    if kind == "SQL":
        return [kind, context.objectType(), context.startIndex(), context.stopIndex(), context.fragment()]
    # The call site is a file and a line of this checkout: only that it is there is comparable.
    return [kind, context.fragment(), bool(context.callSite())]
