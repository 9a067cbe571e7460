"""Makes broken statements out of good ones, to find where our parser and Spark's part.

Usage: `python damage.py [--seed N] [--count N] [--kinds a,b] > FILE.tsv`, then `python record.py FILE.tsv` for Spark's answers
and `cargo run -p hearth-sql --example judge FILE.tsv` for where ours differ. Good statements are those that the `.tsv` files
here record as `ok` and those of `../queries/*.golden`. One seed and the same good statements always give the same file.

What is made is only parsed, never run.
"""

import argparse
import pathlib
import random
import re
import sys

HERE = pathlib.Path(__file__).parent
NATURAL = ("query.tsv", "command.tsv", "form.tsv", "expression.tsv", "rule.tsv")
TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|[rR]?'(?:[^'\\]|\\.|'')*'|[rR]?"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|\d+\w*(?:\.\d+\w*)?|\w+|
    <=>|\|>|\|\||->|=>|::|<=|>=|<>|!=|==|<<|>>>?|\s+|.""",
    re.S | re.X,
)
WORDS = """SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT JOIN ON AS AND OR NOT IN IS NULL LIKE BETWEEN CASE WHEN THEN ELSE END
    UNION ALL DISTINCT WITH VALUES INTO TABLE VIEW CREATE DROP INSERT SET USING LATERAL OVER PARTITION INTERVAL DATE CAST
    EXISTS IF REPLACE TEMPORARY COMMENT a b t x 1 'x' ( ) [ ] , . ; = < > + - * / % : :: -> => ? | || !""".split()
STRANGE = ["#", "@", "$", "\\", "\u00e9", ";", "{", "}", "\u201c", "'", '"', "`", "^", "~", "\u0001", "/*", "*/", "--", "/*+"]
NUMBERS = ["1.2.3", "1e", "1e+", "0x1F", "1_000", "1.5L", "12abc", "999999999999L", "200Y", "1e999D", "1..2", ".5.", "1L2", "1.e", "5X"]
RESERVED = ["select", "from", "join", "cross", "user", "anti", "order", "left", "on", "using", "union", "natural", "full", "semi", "lateral"]
CLAUSES = {"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW", "USING", "PARTITIONED", "COMMENT", "TBLPROPERTIES",
           "LOCATION", "OPTIONS", "AS", "VALUES", "ON", "SET", "WHEN", "OFFSET", "QUALIFY", "SORT", "CLUSTER", "STORED", "ROW"}


def good_statements():
    for name in NATURAL:
        for line in (HERE / name).read_text().splitlines():
            outcome, _, statement = line.partition("\t")
            if outcome == "ok":
                yield statement.split("\t")[0].replace("\\n", "\n")
    for file in sorted((HERE.parent / "queries").glob("*.golden")):
        for block in re.split(r"^## .*\n", file.read_text(), flags=re.M)[1:]:
            yield re.split(r"^---.*$", block, flags=re.M)[0].strip()


def damaged(numbers, kind, text):
    """The statement with one thing wrong, or `None` where this kind does not fit."""
    tokens = TOKEN.findall(text)
    solid = [i for i, token in enumerate(tokens) if token.strip()]
    if not solid:
        return None
    at = numbers.choice(solid)
    words = [i for i in solid if re.fullmatch(r"[A-Za-z_]+", tokens[i])]
    if kind == "delete":
        del tokens[at]
    elif kind == "duplicate":
        tokens.insert(at, tokens[at] + " ")
    elif kind == "swap":
        index = numbers.randrange(len(solid) - 1) if len(solid) > 1 else None
        if index is None:
            return None
        one, other = solid[index], solid[index + 1]
        tokens[one], tokens[other] = tokens[other], tokens[one]
    elif kind == "replace":
        tokens[at] = numbers.choice(WORDS)
    elif kind == "insert":
        tokens.insert(at, numbers.choice(WORDS) + " ")
    elif kind == "cut":
        return "".join(tokens[:at]).rstrip() or None
    elif kind == "strange":
        tokens.insert(at, numbers.choice(STRANGE) + numbers.choice(["", " "]))
    elif kind == "append":
        tokens.append(" " + numbers.choice(WORDS + STRANGE))
    elif kind == "number":
        digits = [i for i in solid if tokens[i][0].isdigit()]
        if not digits:
            return None
        tokens[numbers.choice(digits)] = numbers.choice(NUMBERS)
    elif kind == "reserved":
        names = [i for i in words if tokens[i].islower()]
        if not names:
            return None
        tokens[numbers.choice(names)] = numbers.choice(RESERVED)
    elif kind == "typo":
        long = [i for i in words if len(tokens[i]) > 2]
        if not long:
            return None
        at = numbers.choice(long)
        word, cut = tokens[at], numbers.randrange(1, len(tokens[at]))
        tokens[at] = numbers.choice([word[:cut] + word[cut + 1:], word + word[-1], word[:cut] + " " + word[cut:]])
    elif kind == "clauses":
        starts = [i for i in words if tokens[i].upper() in CLAUSES]
        if len(starts) < 2:
            return None
        index = numbers.randrange(len(starts) - 1)
        one, other = starts[index], starts[index + 1]
        end = starts[index + 2] if index + 2 < len(starts) else len(tokens)
        tokens = tokens[:one] + tokens[other:end] + [" "] + tokens[one:other] + tokens[end:]
    return "".join(tokens).strip()


KINDS = "delete duplicate swap replace insert cut strange append number reserved typo clauses".split()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=5000)
    options.add_argument("--kinds", default=",".join(KINDS))
    options.add_argument("--longest", type=int, default=160, help="characters of a good statement")
    options = options.parse_args()
    numbers = random.Random(options.seed)
    statements = [text for text in dict.fromkeys(good_statements()) if len(text) <= options.longest and "\t" not in text]
    kinds, seen = options.kinds.split(","), set()
    for _ in range(options.count * 20):
        if len(seen) >= options.count:
            break
        text = damaged(numbers, numbers.choice(kinds), numbers.choice(statements))
        if text and "\\n" not in text and text not in seen:
            seen.add(text)
            sys.stdout.write("?\t" + text.replace("\n", "\\n") + "\n")


if __name__ == "__main__":
    main()
