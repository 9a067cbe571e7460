"""Records what real Spark's parser says of each statement in the .tsv files here.

A line is `outcome<TAB>statement`; in a statement `\\n` is a line break. The outcome is `ok` or the error condition. Behind an
error follow its place, as Spark's message shows it, and its parameters (`name=value`), with `\\n`, `\\t` and `\\\\` escaped.
In `keyword.tsv` a line is `outcomes<TAB>template`: which keywords are not taken in the template's `{k}`, by condition.
Lines with the outcome `?` are new. Usage: `python record.py [FILE.tsv ...]` with pyspark 4.2 installed.
"""

import collections
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
UNRECORDED = ("deviations.tsv", "places.tsv")


def judged(parser, statement):
    """The outcome, the place and the parameters."""
    try:
        parser.parsePlan(statement)
        return ["ok"]
    except Exception as error:  # the JVM's exceptions come as several classes
        cause = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
        try:
            condition = cause.getCondition() if hasattr(cause, "getCondition") else None
        except Exception:  # an exception of Java's own, for which py4j only pretends to have the method
            return [cause.getClass().getSimpleName()]
        if not condition:
            return [type(error).__name__]
        return described(condition, cause.getSqlState(), cause.getMessage(), dict(cause.getMessageParameters()))


def described(condition, sqlstate, message, parameters):
    mark = f"SQLSTATE: {sqlstate}"
    place = message.split(mark, 1)[-1] if sqlstate else message[message.find("\n== SQL") :]
    return [condition, place.rstrip("\n"), *(f"{name}={value}" for name, value in sorted(parameters.items()))]


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def line_of(statement, answer):
    return "\t".join([answer[0], statement, *map(escaped, answer[1:])])


def keyword_line(template, outcomes):
    refused = collections.defaultdict(list)
    for keyword, outcome in outcomes:
        if outcome != "ok":
            refused[outcome].append(keyword)
    return (";".join(f"{name}:{','.join(words)}" for name, words in refused.items()) or "-") + "\t" + template


def main():
    from pyspark.sql import SparkSession

    files = [pathlib.Path(name) for name in sys.argv[1:]]
    files = files or sorted(file for file in HERE.glob("*.tsv") if file.name not in UNRECORDED)
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    parser = spark._jsparkSession.sessionState().sqlParser()
    for file in files:
        lines, keywords = [], []
        for line in file.read_text().splitlines():
            if line.startswith("# keywords "):
                keywords = line.split()[2:]
            if not line or line.startswith("#"):
                lines.append(line)
                continue
            statement = line.split("\t")[1]
            if file.name == "keyword.tsv":
                outcomes = [(word, judged(parser, statement.replace("{k}", word))[0]) for word in keywords]
                lines.append(keyword_line(statement, outcomes))
            else:
                lines.append(line_of(statement, judged(parser, statement.replace("\\n", "\n"))))
        file.write_text("\n".join(lines) + "\n")
        print(f"{file.name}: {len(lines)} lines")


if __name__ == "__main__":
    main()
