"""Records the names of Spark's error conditions from its own table: `conditions.py SPARK_HOME`."""

import json
import pathlib
import sys
import zipfile

TABLE = "error/error-conditions.json"


def names(table):
    for name, condition in table.items():
        subs = condition.get("subClass")
        yield from (f"{name}.{sub}" for sub in subs) if subs else (name,)


def main():
    jars = pathlib.Path(sys.argv[1]) / "jars"
    jar = next(jars.glob("spark-common-utils_*.jar"))
    with zipfile.ZipFile(jar) as archive:
        table = json.loads(archive.read(TABLE))
    target = pathlib.Path(__file__).parent / "conditions" / "spark-4.2.txt"
    target.write_text("".join(f"{name}\n" for name in sorted(names(table))))


if __name__ == "__main__":
    main()
