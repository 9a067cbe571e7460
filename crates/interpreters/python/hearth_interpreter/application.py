"""Runs a Python file as a program: as `python FILE ARGS` would, but in this process and with its Spark session."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import types

from .frames import of_user


def run(path, arguments):
    """Runs the file; the exit code that Python would give."""
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__builtins__ = __builtins__
    sys.modules["__main__"] = main
    sys.argv = [path, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    code = _exit_code(lambda: _execute(path, main.__dict__))
    # What Python does at its end: waits for threads, then calls what was registered.
    for step in (threading._shutdown, atexit._run_exitfuncs):
        code = _exit_code(step) or code
    return code


def _execute(path, namespace):
    with open(path, "rb") as file:
        source = file.read()
    exec(compile(source, path, "exec", dont_inherit=True), namespace)


def _exit_code(step):
    try:
        step()
    except SystemExit as request:
        return _code_of(request.code)
    except BaseException as error:
        error.__traceback__ = of_user(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _code_of(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1
