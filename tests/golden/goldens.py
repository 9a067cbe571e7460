"""Golden files: reading, writing and comparing. README.md here describes the two formats.

`functions/*.tsv` holds one expression per line, `queries/*.golden` and `dataframe/*.golden` hold
blocks. Only the case (expression, SQL) is written by hand; the answer is recorded from real Spark.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
RELATIVE = 1e-12
DEVIATIONS = HERE / "deviations.tsv"


@dataclass
class Case:
    """One case and its recorded answer; `cells` is what follows the case in the file."""

    title: str
    sql: str
    answer: list[str] = field(default_factory=list)
    ordered: bool = False
    line: int = 0


@dataclass
class GoldenFile:
    path: Path
    head: list[str]
    settings: dict[str, str]
    setup: list[str]
    cases: list[Case]

    @property
    def name(self):
        return self.path.relative_to(HERE).as_posix()


def load(path):
    return load_table(path) if path.suffix == ".tsv" else load_blocks(path)


def all_files(pattern=""):
    paths = sorted(HERE.glob("functions/*.tsv")) + sorted(HERE.glob("queries/*.golden"))
    return [path for path in paths if pattern in path.relative_to(HERE).as_posix()]


def settings_of(head):
    found = (re.match(r"#set (\S+) (.*)", line) for line in head)
    return {match[1]: match[2].strip() for match in found if match}


# One expression per line: expression, column name, type, value.


def load_table(path):
    head, cases = [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#") or not line.strip():
            head.append(line) if not cases else cases.append(Case("", line, line=number))
            continue
        expression, *answer = line.split("\t")
        cases.append(Case(expression, "select " + expression, answer, line=number))
    return GoldenFile(path, head, settings_of(head), [], cases)


def save_table(golden):
    lines = list(golden.head)
    for case in golden.cases:
        lines.append("\t".join([case.title, *case.answer]) if case.title else case.sql)
    golden.path.write_text("\n".join(lines) + "\n")


def table_answer(columns, rows):
    name, kind = columns[0]
    cells = [row[0] for row in rows]
    value = cells[0] if len(cells) == 1 else f"rows [{','.join(cells)}]"
    return [one_line(name), kind, value]


def table_error(text):
    condition, state, parameters = text.split(" ", 2)
    return ["!", condition, f"{state} {parameters}"]


# Blocks: `## title`, SQL, `---` or `--- ordered`, column line, row lines.


def load_blocks(path):
    head, setup, cases = [], [], []
    case, in_answer = None, False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("## "):
            case, in_answer = Case(line[3:].strip(), "", line=number), False
            cases.append(case)
        elif case is None:
            head.append(line)
        elif not in_answer and line in ("---", "--- ordered"):
            in_answer, case.ordered = True, line.endswith("ordered")
        elif in_answer:
            if line.strip():
                case.answer.append(line)
        else:
            case.sql += line + "\n"
    if cases and cases[0].title == "setup":
        setup = [text.strip() for text in cases.pop(0).sql.split(";\n") if text.strip()]
    for case in cases:
        case.sql = case.sql.strip()
    return GoldenFile(path, head, settings_of(head), setup, cases)


def save_blocks(golden):
    lines = list(golden.head)
    if golden.setup:
        lines += ["## setup", ";\n".join(golden.setup) + ";", ""]
    for case in golden.cases:
        lines += [f"## {case.title}"] + ([case.sql] if case.sql else [])
        lines += ["--- ordered" if case.ordered else "---", *case.answer, ""]
    golden.path.write_text("\n".join(lines))


def save(golden):
    (save_table if golden.path.suffix == ".tsv" else save_blocks)(golden)


def block_answer(columns, rows, ordered):
    lines = ["\t".join(row) for row in rows]
    header = "\t".join(f"{one_line(name)} {kind}" for name, kind in columns) or "no columns"
    return [header] + (lines if ordered else sorted(lines))


def has_order(sql):
    """Whether the outermost query has an ORDER BY (text in parentheses and quotes left out)."""
    text = re.sub(r"--.*|'(?:[^'\\]|\\.)*'|`[^`]*`", " ", sql)
    while "(" in text:
        shorter = re.sub(r"\([^()]*\)", " ", text)
        if shorter == text:
            break
        text = shorter
    return re.search(r"\border\s+by\b", text, re.I) is not None


def one_line(text):
    return json.dumps(text, ensure_ascii=False) if re.search(r"[\t\r\n]", text) else text


# Comparing.


def difference(want, got, strict=False):
    """None, or what differs first. Lists of lines (blocks) or cells (tables)."""
    if not want:
        return "nothing recorded"
    if (want[0] == "!") != (got[0] == "!") or want[0].startswith("error ") != got[0].startswith("error "):
        return f"want {brief(want)} got {brief(got)}"
    if want[0] == "!" or want[0].startswith("error "):
        keep = None if strict else 2
        same = error_words(want)[:keep] == error_words(got)[:keep]
        return None if same else f"want {brief(want)} got {brief(got)}"
    if len(want) != len(got):
        return f"want {len(want) - 1} rows got {len(got) - 1}: {brief(want)} / {brief(got)}"
    for left, right in zip(want, got):
        if not line_equal(left, right, strict):
            return f"want {left} got {right}"
    return None


def error_words(lines):
    return " ".join(lines).removeprefix("! ").removeprefix("error ").split(" ", 2)


def brief(lines):
    text = " | ".join(lines)
    return text if len(text) < 300 else text[:297] + "..."


def line_equal(left, right, strict):
    if left == right:
        return True
    left, right = left.split("\t"), right.split("\t")
    return len(left) == len(right) and all(cell_equal(a, b, strict) for a, b in zip(left, right))


def cell_equal(left, right, strict):
    if left == right:
        return True
    if not strict and left.removesuffix(" not null") == right.removesuffix(" not null"):
        return True
    try:
        return value_equal(json.loads(left.removeprefix("rows ")), json.loads(right.removeprefix("rows ")))
    except ValueError:
        return False


def value_equal(left, right):
    if isinstance(left, float) and isinstance(right, (int, float)) or isinstance(right, float) and isinstance(left, int):
        return math.isclose(left, right, rel_tol=RELATIVE, abs_tol=1e-300)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(value_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(value_equal(left[k], right[k]) for k in left)
    return type(left) is type(right) and left == right


# The list of known differences.


def load_deviations():
    """{(file, case): reason}"""
    lines = DEVIATIONS.read_text().splitlines() if DEVIATIONS.exists() else []
    rows = (line.split("\t") for line in lines if line.strip() and not line.startswith("#"))
    return {(name, title): reason for name, title, reason in rows}
