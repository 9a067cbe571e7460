"""The session API of PySpark: errors, tags, interrupts, progress, artifacts, observation, clones."""

import threading
import time

import pyspark.sql.functions as F
import pytest
from harness.connect import connect
from pyspark.errors import AnalysisException, ArithmeticException, ParseException, PySparkException

SLOW = "select count(*) from range(30000000000) where id % 7 = 3 and hash(id) % 11 = 5"


def test_version_and_configuration(spark):
    assert spark.version.startswith("4.2")
    assert spark.conf.get("spark.sql.ansi.enabled") == "true"
    spark.conf.set("spark.sql.shuffle.partitions", 5)
    assert spark.conf.get("spark.sql.shuffle.partitions") == "5"
    spark.conf.unset("spark.sql.shuffle.partitions")
    assert spark.conf.get("no.such.key", "fallback") == "fallback"
    assert spark.conf.isModifiable("spark.sql.ansi.enabled")
    assert not spark.conf.isModifiable("spark.driver.memory")


@pytest.mark.parametrize("text,kind,condition,state", [
    ("select nope from values (1) as t(a)", AnalysisException, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703"),
    ("select * from no_such_table", AnalysisException, "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("selec 1", ParseException, "PARSE_SYNTAX_ERROR", "42601"),
    ("select 1/0", ArithmeticException, "DIVIDE_BY_ZERO", "22012"),
    ("select cast('x' as int)", PySparkException, "CAST_INVALID_INPUT", "22018"),
])
def test_errors_are_sparks_classes(spark, text, kind, condition, state):
    with pytest.raises(kind) as caught:
        spark.sql(text).collect()
    error = caught.value
    assert condition in str(error)
    condition_of = getattr(error, "getCondition", None) or error.getErrorClass
    if condition_of() is not None:
        assert condition_of() == condition
        assert error.getSqlState() == state


@pytest.mark.versions((4, 0))
def test_error_has_query_context_and_parameters(spark):
    with pytest.raises(ArithmeticException) as caught:
        spark.sql("select 10 / (1 - 1) as q").collect()
    context = caught.value.getQueryContext()[0]
    assert (context.fragment(), context.startIndex(), context.stopIndex()) == ("10 / (1 - 1)", 7, 18)
    assert caught.value.getMessageParameters() == {"config": '"spark.sql.ansi.enabled"'}


@pytest.mark.versions((4, 0))
def test_dataframe_error_has_call_site(spark):
    with pytest.raises(ArithmeticException) as caught:
        spark.range(1).select(F.lit(1) / F.col("id")).collect()
    context = caught.value.getQueryContext()[0]
    assert context.fragment() == "__truediv__"
    assert "test_api.py" in context.callSite()


def test_tags_are_kept_per_session(spark):
    spark.addTag("one")
    spark.addTag("two")
    assert spark.getTags() == {"one", "two"}
    assert spark.range(3).count() == 3
    spark.removeTag("one")
    assert spark.getTags() == {"two"}
    spark.clearTags()
    assert spark.getTags() == set()


def test_interrupt_all_raises_in_the_waiting_thread(spark):
    assert_interrupts(spark, lambda: spark.interruptAll())


def test_interrupt_tag_raises_in_the_waiting_thread(spark):
    assert_interrupts(spark, lambda: spark.interruptTag("slow"), tag="slow")


def assert_interrupts(spark, interrupt, tag=None):
    raised = []

    def run():
        if tag:
            spark.addTag(tag)
        try:
            spark.sql(SLOW).collect()
        except PySparkException as error:
            raised.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    ids = []
    deadline = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < deadline:
        ids += interrupt()
        thread.join(0.1)
    assert not thread.is_alive(), "the query went on"
    assert ids
    assert "OPERATION_CANCELED" in raised[0]


@pytest.mark.versions((4, 0))
def test_progress_handler_is_called(spark):
    calls = []

    def handler(stages, inflight_tasks, operation_id, done):
        calls.append(done)

    spark.registerProgressHandler(handler)
    timer = threading.Timer(5, spark.interruptAll)
    timer.start()
    with pytest.raises(PySparkException):
        spark.sql(SLOW).collect()
    timer.cancel()
    spark.removeProgressHandler(handler)
    assert calls


def test_artifacts_of_each_kind(spark, tmp_path):
    plain = tmp_path / "note.txt"
    plain.write_text("hello")
    module = tmp_path / "mod_for_test.py"
    module.write_text("x = 1\n")
    spark.addArtifacts(str(plain), file=True)
    spark.addArtifacts(str(module), pyfile=True)
    spark.addArtifacts(str(plain), file=True)
    plain.write_text("other")
    with pytest.raises(Exception, match="ALREADY_EXISTS|already exists"):
        spark.addArtifacts(str(plain), file=True)


def test_large_artifact_goes_in_chunks(spark, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(range(256)) * 8000)
    spark.addArtifacts(str(big), file=True)


def test_persist_and_storage_level(spark):
    frame = spark.range(100).cache()
    assert frame.count() == 100
    assert frame.storageLevel.useMemory
    frame.unpersist()
    assert not frame.storageLevel.useMemory
    assert frame.is_cached is False


def test_plan_questions(spark):
    frame = spark.range(5).where("id > 1")
    assert frame.sameSemantics(spark.range(5).where("id > 1"))
    assert not frame.sameSemantics(spark.range(6))
    assert frame.semanticHash() == spark.range(5).where("id > 1").semanticHash()
    assert frame.isStreaming is False
    assert frame.inputFiles() == []
    frame.explain(True)


def test_input_files_of_a_file(spark, tmp_path):
    path = str(tmp_path / "p")
    spark.range(3).coalesce(1).write.parquet(path)
    files = spark.read.parquet(path).inputFiles()
    assert len(files) == 1 and files[0].startswith("file:") and files[0].endswith(".parquet")


@pytest.mark.versions((4, 0))
def test_observation(spark):
    from pyspark.sql import Observation

    seen = Observation("o")
    frame = spark.range(10).observe(seen, F.count(F.lit(1)).alias("rows"), F.max("id").alias("top"))
    frame.collect()
    assert seen.get == {"rows": 10, "top": 9}


@pytest.mark.versions((4, 1))
def test_clone_session(spark):
    spark.range(3).createOrReplaceTempView("shared_view")
    spark.conf.set("my.key", "1")
    copy = spark.cloneSession()
    assert copy.session_id != spark.session_id
    assert copy.table("shared_view").count() == 3
    assert copy.conf.get("my.key") == "1"
    copy.conf.set("my.key", "2")
    copy.sql("create or replace temp view shared_view as select 1")
    assert spark.conf.get("my.key") == "1"
    assert spark.table("shared_view").count() == 3
    copy.client.release_session()  # the copy's stop() fails in PySpark 4.2


def test_sessions_are_apart(server, spark):
    other = connect(server)
    spark.range(3).createOrReplaceTempView("mine")
    spark.conf.set("my.key", "1")
    assert other.conf.get("my.key", "none") == "none"
    assert not other.catalog.tableExists("mine")
    other.stop()


@pytest.mark.versions((4, 0))
def test_stopped_session_is_refused(server):
    session = connect(server)
    session.range(1).count()
    session_id = session.session_id
    session.stop()
    again = connect(server, timezone=None, parameters=f"session_id={session_id}")
    with pytest.raises(Exception, match="SESSION_CLOSED"):
        again.range(1).count()
    again.stop()


def test_user_and_agent_parameters(server):
    session = connect(server, parameters="user_id=someone;user_agent=hearth-tests")
    assert session.range(2).count() == 2
    session.stop()


def test_reattachable_execution_can_be_off(spark):
    spark.client.disable_reattachable_execute()
    assert spark.range(20_000).count() == 20_000
    spark.client.enable_reattachable_execute()


@pytest.mark.versions((4, 0))
def test_local_checkpoint_is_a_cached_relation(spark):
    frame = spark.range(10).localCheckpoint()
    assert frame.count() == 10


def test_long_wide_row_and_names(spark):
    name = "col é `tick` with.dots"
    frame = spark.createDataFrame([(1,)], [name])
    assert frame.columns == [name]
    assert frame.select(F.col("`col é ``tick`` with.dots`")).collect()[0][0] == 1
    assert len(spark.sql("select repeat('x', 3000000) as t").collect()[0].t) == 3_000_000
