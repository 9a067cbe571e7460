"""The queries of scripts/demo: each is printed, then run with the stock PySpark client given a URL."""

import sys
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

STEPS = [
    ("SQL without tables", "spark.sql(\"select 'Hello from Hearth' as greeting, version() as version\")"),
    ("A DataFrame program", "spark.range(1_000_000).groupBy((F.col('id') % 3).alias('m')).agg(F.count('*'), F.avg('id')).orderBy('m')"),
    ("The sample tables", "spark.sql('show tables in samples.tpch')"),
    ("A report on them (TPC-H query 1, shortened)",
     "spark.table('samples.tpch.lineitem').where(F.col('l_shipdate') <= '1998-09-02')"
     ".groupBy('l_returnflag', 'l_linestatus').agg(F.sum('l_quantity').alias('quantity'), F.count('*').alias('orders'))"
     ".orderBy('l_returnflag', 'l_linestatus')"),
    ("A join in SQL",
     "spark.sql('''select n_name, count(*) as customers from samples.tpch.customer"
     " join samples.tpch.nation on c_nationkey = n_nationkey group by n_name order by customers desc limit 5''')"),
    ("Taxi trips by hour",
     "spark.sql('''select hour(tpep_pickup_datetime) as hour, count(*) as trips, round(avg(fare_amount), 2) as fare"
     " from samples.nyctaxi.trips group by 1 order by 2 desc limit 5''')"),
    ("Your own data, as a view", "people(spark)"),
]


def people(spark):
    spark.createDataFrame([("Ann", 34), ("Bob", 28), ("Cid", None)], "name string, age int").createOrReplaceTempView("people")
    return spark.sql("select name, coalesce(age, 0) as age, rank() over (order by age desc nulls last) as rank from people")


def main():
    spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
    for title, code in STEPS:
        print(f"\n-- {title}\n>>> {code}.show()")
        began = time.perf_counter()
        eval(code, {"spark": spark, "F": F, "people": people}).show()
        print(f"({(time.perf_counter() - began) * 1000:.0f} ms)")
    spark.stop()


if __name__ == "__main__":
    main()
