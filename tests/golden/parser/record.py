"""Records what real Spark's parser says of each statement in the .tsv files here.

Each line is `outcome<TAB>statement`; in a statement `\\n` is a line break. The outcome is `ok` or the error condition.
Lines with the outcome `?` are new. Usage: `python record.py [FILE.tsv ...]` with pyspark 4.2 installed.
"""

import pathlib
import sys

from pyspark.sql import SparkSession

HERE = pathlib.Path(__file__).parent


def outcome(parser, statement):
    try:
        parser.parsePlan(statement)
        return "ok"
    except Exception as error:  # the JVM's exceptions come as several classes
        condition = getattr(error, "getCondition", lambda: None)()
        return condition or type(error).__name__


def main():
    files = [pathlib.Path(name) for name in sys.argv[1:]] or sorted(file for file in HERE.glob("*.tsv") if file.name != "deviations.tsv")
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    parser = spark._jsparkSession.sessionState().sqlParser()
    for file in files:
        lines = []
        for line in file.read_text().splitlines():
            if not line or line.startswith("#"):
                lines.append(line)
                continue
            statement = line.split("\t", 1)[1]
            lines.append(outcome(parser, statement.replace("\\n", "\n")) + "\t" + statement)
        file.write_text("\n".join(lines) + "\n")
        print(f"{file.name}: {len(lines)} lines")


if __name__ == "__main__":
    main()
