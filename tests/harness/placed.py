"""Programs of one line that write: each has an empty folder `p` and an empty current database.

    cases = PlacedLines("writing-lines", "hearth_w", setup, TEXT)
    test_lines = cases.test()

Folders, the warehouse and the names of part files do not show in answers. `kinds(folder)` says which folders and
endings are there, `content(folder)` what text files hold.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import tempfile

from .lines import LineCases


class PlacedLines(LineCases):
    def __init__(self, name, database, setup, text, since=(4, 2), **words):
        super().__init__(name, setup, text, since, **{"kinds": kinds, "content": content, "put": put, **words})
        self.database = database

    def answer(self, session, line):
        name = self.database
        for statement in (f"drop database if exists {name} cascade", f"create database {name}", f"use {name}"):
            session.sql(statement).collect()
        folder = tempfile.mkdtemp(prefix=name)
        self.words["p"] = folder
        try:
            return [self.placeless(text.replace(folder, "FOLDER")) for text in super().answer(session, line)]
        finally:
            session.sql("use default").collect()
            session.sql(f"drop database if exists {name} cascade").collect()
            shutil.rmtree(folder, ignore_errors=True)

    def placeless(self, text):
        text = re.sub(r"file:/+FOLDER", "file:FOLDER", text)
        text = re.sub(rf"(file:)?/[^\s'\"`,\]]*?/({self.database}\.db)", r"WAREHOUSE/\2", text)
        return re.sub(r"attempt_\w+", "attempt", re.sub(r"part-\d+-", "part-n-", text))


def data_files(folder):
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if not name.startswith((".", "_")):
                yield place, name


def kinds(folder):
    """Folders below `folder` and the endings of their files."""
    found = {(os.path.relpath(place, folder), name.partition(".")[2]) for place, name in data_files(folder)}
    return sorted("/".join(pair) if pair[0] != "." else pair[1] for pair in found)


def content(folder, encoding="utf-8"):
    """The text of all files, in the order of their names."""
    text = ""
    for place, name in data_files(folder):
        opened = gzip.open if name.endswith(".gz") else open
        with opened(os.path.join(place, name), "rb") as file:
            text += file.read().decode(encoding)
    return text


def put(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)
    return os.path.join(folder, name)
