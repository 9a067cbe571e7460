"""The sessions of scripts/demo: a SQL and a Python session through stock pylivy, given a URL."""

import sys
import time

from livy import LivySession, SessionKind

SQL = "select n_name, n_regionkey from samples.tpch.nation order by n_name limit 3"
PYTHON = """orders = spark.table("samples.tpch.orders")
top = orders.groupBy("o_orderpriority").count().orderBy("o_orderpriority")
top.createOrReplaceTempView("top")
print(top.count(), "priorities")"""


def main():
    url = sys.argv[1]
    began = time.perf_counter()
    with LivySession.create(url, kind=SessionKind.SQL) as session:
        session.wait()
        print(f"\n-- A SQL session ({(time.perf_counter() - began) * 1000:.0f} ms until it is idle)\n>>> {SQL}")
        print(session.download_sql(SQL).to_string(index=False))
    began = time.perf_counter()
    with LivySession.create(url, kind=SessionKind.PYSPARK) as session:
        session.wait()
        print(f"\n-- A Python session ({(time.perf_counter() - began) * 1000:.0f} ms until it is idle)\n>>> {PYTHON}")
        session.run(PYTHON).raise_for_status()
        print(session.download("top").to_string(index=False))


if __name__ == "__main__":
    main()
