"""Records the bias table of Spark's `approx_count_distinct`: `distinct_counts.py`, in an environment with a whole PySpark.

The table is that of HyperLogLog++ (Heule, Nunkesser, Hall 2013): for each precision from 4 on a line of raw estimates and a
line of how much too high each of them is, and before them one line of the counts below which linear counting is better.
"""

from pathlib import Path

from pyspark.java_gateway import launch_gateway

TARGET = Path(__file__).parents[2] / "crates/spark/functions/src/kernels/sketch/distinct_bias.txt"
HELPER = "org.apache.spark.sql.catalyst.util.HyperLogLogPlusPlusHelper$"


def main():
    gateway = launch_gateway()
    try:
        jvm = gateway.jvm
        holder = jvm.java.lang.Thread.currentThread().getContextClassLoader().loadClass(HELPER)
        helper = holder.getField("MODULE$").get(None)

        def table(name):
            field = holder.getDeclaredField(name)
            field.setAccessible(True)
            return field.get(helper)

        lines = [table("THRESHOLDS")]
        for estimates, bias in zip(table("RAW_ESTIMATE_DATA"), table("BIAS_DATA")):
            lines += [estimates, bias]
        TARGET.write_text("".join(" ".join(f"{number:.17g}" for number in line) + "\n" for line in lines))
    finally:
        gateway.shutdown()


if __name__ == "__main__":
    main()
