"""Records the spatial reference systems that a Spark knows: `reference_systems.py SPARK_HOME`.

They are those of the registry in Spark's own jar, which was made from PROJ: authority, kind, ranges of identifiers.
"""

import csv
import io
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

TARGET = Path(__file__).parents[2] / "crates/spark/types/src/spatial/reference_systems.txt"
REGISTRY = "org/apache/spark/sql/srs_registry.csv"


def main():
    jar = next(Path(sys.argv[1], "jars").glob("spark-sql-api_*.jar"))
    text = zipfile.ZipFile(jar).read(REGISTRY).decode()
    rows = csv.DictReader(io.StringIO("\n".join(line for line in text.splitlines() if not line.startswith("#"))))
    systems = defaultdict(list)
    for row in rows:
        authority, number = row["string_id"].split(":")
        if number == row["srid"]:
            systems[authority, row["is_geographic"] == "true"].append(int(number))
    lines = ["\t".join((authority, "geographic" if geographic else "projected", " ".join(ranges(numbers))))
             for (authority, geographic), numbers in sorted(systems.items())]
    TARGET.write_text("".join(f"{line}\n" for line in lines))


def ranges(numbers):
    """Consecutive numbers as `first-last`."""
    runs = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [f"{first}-{last}" if last > first else str(first) for first, last in runs]


if __name__ == "__main__":
    main()
