"""Records Spark's settings: key, type, default, whether it can be changed in a session.

Usage: python tests/golden/config/record.py > crates/engines/embedded/src/config/catalogue.tsv
Needs PyPI `pyspark` (a whole Spark) and Java.
"""

import re
import sys

from pyspark.sql import SparkSession

PROBE = "~not a value~"


def type_of(conf, key, default):
    """The type that Spark names when it refuses a value; text takes anything."""
    try:
        conf.setConfString(key, PROBE)
    except Exception as error:  # noqa: BLE001 - py4j wraps whatever Spark throws
        # Without the key, which may have such words in it.
        text = str(error).replace(key, "")
        found = re.search(r"should be (\w+), but was|a/an '(\w+)' value", text)
        if found:
            return found.group(1) or found.group(2)
        found = re.search(r"should be one of '([^']*)'", text)
        if found:
            return "one of " + found.group(1)
        if "time" in text.lower():
            return "duration"
        if "size" in text.lower() or "byte" in text.lower():
            return "size"
        return "enum"
    finally:
        conf.unsetConf(key)
    return "string"


def requirement_of(conf, key):
    """What Spark says about a negative number, or nothing when it takes one."""
    try:
        conf.setConfString(key, "-3")
    except Exception as error:  # noqa: BLE001
        found = re.search(r"is invalid\. (.*?)(?: SQLSTATE|$)", str(error).splitlines()[0].split("IllegalArgumentException: ")[-1])
        text = found.group(1) if found else ""
        return "" if "should be" in text and "value." in text else text
    finally:
        conf.unsetConf(key)
    return ""


def effective(conf, entry):
    """The default as `spark.conf.get` gives it; machine facts are left out."""
    key, default = entry.key(), entry.defaultValueString()
    if key == "spark.sql.warehouse.dir":
        return "spark-warehouse"
    if default.startswith("<") or key == "spark.sql.session.timeZone":
        return default
    try:
        return conf.getConfString(key)
    except Exception:  # noqa: BLE001
        return default


def main():
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    jvm = spark._jvm
    state = spark._jsparkSession.sessionState()
    conf = state.conf()
    entries = getattr(jvm.org.apache.spark.sql.internal, "SQLConf$").__getattr__("MODULE$").getConfigEntries().iterator()
    rows = []
    while entries.hasNext():
        entry = entries.next()
        key = entry.key()
        default = effective(conf, entry)
        try:
            modifiable = spark._jsparkSession.conf().isModifiable(key)
        except Exception:  # noqa: BLE001
            modifiable = False
        kind = type_of(conf, key, default) if modifiable else "string"
        requirement = requirement_of(conf, key) if kind in ("int", "long") else ""
        rows.append((key, kind, default, "session" if modifiable else "static", requirement))
    print("# key\ttype\tdefault\tscope\trequirement of numbers")
    for row in sorted(rows):
        print("\t".join(str(part).replace("\n", " ").replace("\t", " ") for part in row))
    spark.stop()


if __name__ == "__main__":
    sys.exit(main())
