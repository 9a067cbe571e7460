"""Structured streaming on the Spark through Hearth."""

from __future__ import annotations

import time

import pytest
from harness.connect import connect
from pyspark.sql import functions as F
from pyspark.sql.streaming.listener import StreamingQueryListener


@pytest.fixture
def rate(spark):
    yield spark.readStream.format("rate").option("rowsPerSecond", 50).load()
    for query in spark.streams.active:
        query.stop()


def test_memory_sink(spark, rate, until):
    query = rate.select((F.col("value") % 3).alias("k")).groupBy("k").count().writeStream.format("memory").queryName("rates").outputMode("complete").start()
    assert query.isActive and query.name == "rates" and spark.streams.get(query.id).id == query.id
    until(lambda: spark.table("rates").count() == 3, 60, "three groups")
    until(lambda: query.lastProgress and query.lastProgress.numInputRows, 60, "progress")
    assert query.status["isDataAvailable"] in (True, False) and len(query.recentProgress) > 0
    query.stop()
    assert not query.isActive and query.awaitTermination(10) in (True, None)
    assert query.exception() is None


def test_for_each_batch(spark, rate, tmp_path, until):
    folder = str(tmp_path / "batches")

    def keep(frame, number):
        frame.withColumn("batch", F.lit(number)).write.mode("append").parquet(folder)

    query = rate.writeStream.foreachBatch(keep).trigger(processingTime="1 second").start()
    until(lambda: query.lastProgress and query.lastProgress["batchId"] >= 2, 90, "three batches")
    query.stop()
    rows = spark.read.parquet(folder)
    assert rows.count() == rows.select("value").distinct().count() > 0


def test_available_now_and_failures(spark, tmp_path):
    source, sink = str(tmp_path / "in"), str(tmp_path / "out")
    spark.range(10).write.parquet(source)
    stream = spark.readStream.schema("id long").parquet(source)
    assert stream.isStreaming
    query = stream.writeStream.trigger(availableNow=True).format("parquet").option("checkpointLocation", str(tmp_path / "at")).start(sink)
    assert query.awaitTermination(60)
    assert spark.read.parquet(sink).count() == 10
    broken = stream.select(F.assert_true(F.col("id") < 5)).writeStream.trigger(availableNow=True).format("noop").start()
    with pytest.raises(Exception, match="USER_RAISED_EXCEPTION|is not true"):
        broken.awaitTermination(60)
    assert broken.exception() is not None


def test_listener_of_the_client(spark, rate, until):
    heard = []

    class Listener(StreamingQueryListener):
        def onQueryStarted(self, event):
            heard.append(("started", str(event.id)))

        def onQueryProgress(self, event):
            heard.append(("progress", str(event.progress.id)))

        def onQueryIdle(self, event):
            pass

        def onQueryTerminated(self, event):
            heard.append(("terminated", str(event.id)))

    listener = Listener()
    spark.streams.addListener(listener)
    query = rate.writeStream.format("noop").trigger(processingTime="1 second").start()
    until(lambda: ("progress", query.id) in heard, 60, "progress")
    query.stop()
    until(lambda: ("terminated", query.id) in heard, 30, "the end")
    assert heard[0] == ("started", query.id)
    spark.streams.removeListener(listener)


def test_session_end_stops_its_streams(server, until):
    session, other = connect(server), connect(server)
    query = session.readStream.format("rate").load().writeStream.format("noop").start()
    assert query.isActive
    session.stop()
    other.range(1).collect()
    time.sleep(0.1)
    other.stop()
