"""Names that may stand at the cursor, found without running any code of the user's.

Objects are looked at from outside (`__dict__`s and classes); what a property or a call would give is known from its
annotation, where it has one. So it is safe while a cell runs, takes no call to a server, and has no surprises.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import sys
import types
import warnings

MAX_CANDIDATES = 500
MAX_LOOKED_BACK = 10_000
FILENAME = "<completion>"
NOTHING = object()

warnings.filterwarnings("ignore", module=FILENAME)  # of code that is being typed

_WORD = re.compile(r"\w*\Z")
_KEY = re.compile(r"\[\s*(?P<quote>['\"])(?P<word>[^'\"\[\]]*)\Z")
_IMPORT = re.compile(r"^\s*(?:import|from)\s+[\w.,\s]*\Z")
_OPENING = {")": "(", "]": "[", "}": "{"}


class Instance:
    """Some object of this class, which does not exist yet."""

    def __init__(self, of):
        self.of = of


def candidates(code, cursor, namespace):
    before = code[: max(0, cursor)][-MAX_LOOKED_BACK:]
    in_key = _KEY.search(before)
    if in_key:
        word, names = in_key["word"], _keys(_value_before(before[: in_key.start()], namespace))
    else:
        word = _WORD.search(before)[0]
        rest = before[: len(before) - len(word)]
        names = _attributes(_value_before(rest[:-1], namespace)) if rest.endswith(".") else _names(rest, namespace)
    fitting = {name for name in names if isinstance(name, str) and name.startswith(word)}
    if not in_key and not word.startswith("_"):
        fitting = {name for name in fitting if not name.startswith("_")}
    return sorted(fitting)[:MAX_CANDIDATES]


def _names(before, namespace):
    if _IMPORT.match(before.rpartition("\n")[2][:200]):
        return {name.partition(".")[0] for name in list(sys.modules)} | set(sys.stdlib_module_names)
    return [*list(namespace), *vars(builtins), *keyword.kwlist]


def _value_before(text, namespace):
    """What the expression that the text ends with stands for, or `NOTHING`."""
    try:
        tree = ast.parse(_last_expression(text), FILENAME, mode="eval").body
        return _value(tree, namespace)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return NOTHING


def _last_expression(text):
    """The end of the text that is one name, with what is called, indexed and asked of it."""
    place, open_brackets = len(text), []
    while place > 0:
        char = text[place - 1]
        if char in ")]}":
            open_brackets.append(_OPENING[char])
        elif open_brackets and char == open_brackets[-1]:
            open_brackets.pop()
        elif char in "'\"":
            place = max(0, text.rfind(char, 0, place - 1)) + 1
        elif not open_brackets and not (char.isalnum() or char in "_."):
            break
        place -= 1
    return text[place:]


def _value(tree, namespace):
    if isinstance(tree, ast.Name):
        return namespace.get(tree.id, vars(builtins).get(tree.id, NOTHING))
    if isinstance(tree, ast.Attribute):
        return _attribute(_value(tree.value, namespace), tree.attr)
    if isinstance(tree, ast.Call):
        return _called(_value(tree.func, namespace))
    if isinstance(tree, (ast.Constant, ast.JoinedStr)):
        return Instance(type(tree.value) if isinstance(tree, ast.Constant) else str)
    return {ast.List: Instance(list), ast.Tuple: Instance(tuple), ast.Dict: Instance(dict)}.get(type(tree), NOTHING)


def _attribute(value, name):
    if value is NOTHING:
        return NOTHING
    for space in _spaces(value):
        found = space.get(name, NOTHING)
        if isinstance(found, property):
            return _result(found.fget)
        if isinstance(found, (staticmethod, classmethod)):
            return found.__func__
        if found is not NOTHING:
            return found
    return NOTHING


def _called(value):
    if _is(value, type):
        return Instance(value)
    return _result(value)


def _result(function):
    """What a function gives, by its annotation."""
    if not _is(function, types.FunctionType):
        return NOTHING
    kind = function.__annotations__.get("return", NOTHING)
    if isinstance(kind, str):
        name = kind.strip("\"'")
        kind = function.__globals__.get(name, vars(builtins).get(name, NOTHING))
    return Instance(kind) if isinstance(kind, type) else NOTHING


def _is(value, kind):
    """`isinstance`, which does not ask the object (nor its `__getattribute__`) what it is."""
    return issubclass(type(value), kind)


def _spaces(value):
    """The dictionaries in which the attributes of a value are, the nearest first."""
    if _is(value, Instance):
        return _of_class(value.of)
    if _is(value, type):
        return _of_class(value)
    return [_own(value), *_of_class(type(value))]


def _of_class(kind):
    return [type.__dict__["__dict__"].__get__(one) for one in type.__dict__["__mro__"].__get__(kind)]


def _own(value):
    """What is stored in the object itself."""
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}  # an object with slots


def _attributes(value):
    if value is NOTHING:
        return []
    return {name for space in _spaces(value) for name in list(space)} | set(_columns(value))


def _keys(value):
    if type(value) is dict:
        return list(value)
    return _columns(value)


def _columns(value):
    """Column names of a DataFrame, when they are known without asking a server."""
    package = type(value).__module__.partition(".")[0]
    if package == "pyspark":
        return list(getattr(_own(value).get("_cached_schema"), "names", []))
    if package == "pandas" and type(value).__name__ == "DataFrame":
        return [column for column in value.columns if isinstance(column, str)]
    return []
