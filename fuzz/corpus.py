"""Writes the first inputs of the fuzz targets: every statement and expression of tests/golden, a file each.

Usage: python3 fuzz/corpus.py [FOLDER], by default fuzz/corpus.
"""

import hashlib
import pathlib
import re
import sys

GOLDEN = pathlib.Path(__file__).parent.parent / "tests" / "golden"


def statements():
    for file in sorted((GOLDEN / "parser").glob("*.tsv")):
        for line in lines(file):
            if line.count("\t"):
                yield line.split("\t")[1].replace("\\n", "\n")
    for file in sorted([*(GOLDEN / "queries").glob("*.golden"), *(GOLDEN / "tpc").glob("*.golden")]):
        for block in re.split(r"^## .*$", file.read_text(), flags=re.M)[1:]:
            yield re.split(r"^---", block, flags=re.M)[0].strip()


def expressions():
    for file in sorted((GOLDEN / "functions").glob("*.tsv")):
        yield from (line.split("\t")[0] for line in lines(file))


def lines(file):
    return (line for line in file.read_text().splitlines() if line and not line.startswith("#"))


def write(folder, texts):
    folder.mkdir(parents=True, exist_ok=True)
    texts = {text for text in texts if text}
    for text in texts:
        content = text.encode()
        (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)
    print(f"{folder}: {len(texts)} inputs")


def main():
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus"
    write(target / "statement", statements())
    write(target / "expression", expressions())


if __name__ == "__main__":
    main()
