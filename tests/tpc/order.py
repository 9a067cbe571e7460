"""Which part of an answer's order a query determines, and where two answers break it.

The keys are those ORDER BY items of the outermost query that are columns of its answer, up to the first that is not. Two
answers agree when their keys agree row by row: rows of equal keys may stand in any order. Where an item is no column of
the answer, every row has to stand where it stands in Spark's answer.
"""

from __future__ import annotations

import re

from golden import goldens


def outermost(text):
    """The text with comments blanked and everything in parentheses or quotes replaced by `?`, of the same length."""
    text = re.sub(r"--.*|'(?:[^'\\]|\\.)*'", lambda found: "?" * len(found[0]), text)
    while True:
        shorter = re.sub(r"\([^()]*\)", lambda found: "?" * len(found[0]), text)
        if shorter == text:
            return text
        text = shorter


def key_columns(text, header):
    """(positions of the key columns in the answer, whether these are all keys)"""
    masked = outermost(text)
    clause = re.search(r"\border\s+by\b(.*?)(?:\blimit\b.*)?$", masked, re.I | re.S)
    if not clause:
        return [], True
    names = [plain(column.removesuffix(" not null").rsplit(" ", 1)[0]) for column in header.split("\t")]
    found, start = [], clause.start(1)
    for item in clause[1].split(","):
        name = plain(re.sub(r"\b(asc|desc|nulls\s+(first|last))\b", "", text[start : start + len(item)], flags=re.I))
        start += len(item) + 1
        if name.isdigit():
            found.append(int(name) - 1)
        elif names.count(name) == 1:
            found.append(names.index(name))
        else:
            return found, False
    return found, True


def plain(name):
    """An expression as one can compare it with a column's name: no blanks, quotes or qualifiers, small letters."""
    return re.sub(r"[\s`\"]|\b[a-z_]\w*\.", "", name.lower())


def limit(text):
    found = re.search(r"\blimit\s+(\d+)\s*;?\s*$", outermost(text), re.I)
    return int(found[1]) if found else None


def keys(lines, columns):
    return ["\t".join(line.split("\t")[column] for column in columns) for line in lines[1:]]


def difference(want, got, columns):
    """None, or the first row whose keys differ; without `columns` every column is a key."""
    columns = range(len(want[0].split("\t"))) if columns is None else columns
    for row, (left, right) in enumerate(zip(keys(want, columns), keys(got, columns)), 1):
        if not goldens.line_equal(left, right, False):
            return f"row {row} is out of order: want {left} got {right}"
    return None


def before_last_tie(lines, columns):
    """The answer without the rows that are equal to the last one in their keys: those a LIMIT cuts anywhere."""
    found = keys(lines, columns)
    end = len(found)
    while end and found[end - 1] == found[-1]:
        end -= 1
    return lines[: end + 1]
