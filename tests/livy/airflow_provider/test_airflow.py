"""Airflow's Livy provider, unmodified: hook, operator, sensor, trigger."""

import asyncio
import json
import logging
from unittest.mock import MagicMock

import pytest
from harness.livy import BATCHES, running, wait_for

from airflow.providers.apache.livy.hooks.livy import BatchState, LivyAsyncHook, LivyHook
from airflow.providers.apache.livy.operators.livy import LivyOperator
from airflow.providers.apache.livy.sensors.livy import LivySensor
from airflow.providers.apache.livy.triggers.livy import LivyTrigger
from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred


@pytest.fixture
def context():
    return {"ti": MagicMock(), "task_state_store": None}


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "app.py"
        path.write_text(text)
        return str(path)

    return write


def operator(file, **options):
    return LivyOperator(task_id="batch", file=file, **{"polling_interval": 1, "durable": False, **options})


GOOD = "import sys\nfrom pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nprint('rows', spark.range(int(sys.argv[1])).count())\n"


def test_operator(context, file, livy):
    task = operator(file(GOOD), args=[5], driver_cores="1", num_executors=1, executor_memory="1g", conf={"spark.sql.ansi.enabled": "true"}, name=None)
    batch = task.execute(context)
    assert livy.get(f"{BATCHES}/{batch}/state").json["state"] == "success"
    assert "rows 5" in livy.log_lines(batch, BATCHES)
    assert context["ti"].xcom_push.call_args.kwargs["key"] == "app_id"


@pytest.mark.parametrize("prefix", ["livy", "/livy/"])
def test_prefix(context, file, livy, prefix):
    batch = operator(file("print('x')"), livy_endpoint_prefix=prefix).execute(context)
    assert livy.get(f"{BATCHES}/{batch}/state").json["state"] == "success"


def test_failure(context, file):
    with pytest.raises(AirflowException, match="did not succeed"):
        operator(file("raise SystemExit(3)")).execute(context)


def test_refused(context):
    with pytest.raises(AirflowException, match="Could not submit batch"):
        operator("relative.py").execute(context)


def test_no_polling(context, file, livy):
    batch = operator(file("print('x')"), polling_interval=0).execute(context)
    assert isinstance(batch, int) and livy.wait_batch(batch)["state"] == "success"


def test_kill(context, file, livy, tmp_path):
    note = tmp_path / "pid"
    task = operator(file(f"import os, time\nopen({str(note)!r} + '.n', 'w').write(str(os.getpid()))\nos.rename({str(note)!r} + '.n', {str(note)!r})\nwhile True: time.sleep(0.1)\n"),
                    polling_interval=0)
    batch = task.execute(context)
    wait_for(note.exists, 30)
    task.on_kill()
    assert livy.get(f"{BATCHES}/{batch}").status == 404
    wait_for(lambda: not running(int(note.read_text())), 10)


@pytest.mark.parametrize("code,good", [("import time\ntime.sleep(1)\n", True), ("import time\ntime.sleep(1)\nraise ValueError\n", False)])
def test_deferred(context, file, code, good):
    """What the triggerer does with a batch that runs on."""
    task = operator(file(code), deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    event = asyncio.run(first(deferred.value.trigger)).payload
    assert event["log_lines"], event
    if good:
        assert event["status"] == "success" and task.execute_complete(context, event) == event["batch_id"]
    else:
        with pytest.raises(AirflowException, match="did not succeed|failed"):
            task.execute_complete(context, event)


async def first(trigger):
    async for event in trigger.run():
        return event


def test_trigger_without_polling(file, livy):
    batch = livy.batch(file("pass"))
    assert asyncio.run(first(LivyTrigger(batch, {}))).payload["status"] == "success"


def test_sensor(context, file, livy):
    batch = livy.batch(file("pass"))
    sensor = LivySensor(task_id="sensor", batch_id=batch)
    wait_for(lambda: sensor.poke(context), 60)


def test_hook(file, livy, caplog):
    hook = LivyHook()
    batch = hook.post_batch(file=file("for n in range(250): print('line', n)"), args=["a", 1])
    assert hook.get_batch_state(batch) in BatchState
    livy.wait_batch(batch)
    assert hook.get_batch_state(batch) == BatchState.SUCCESS and hook.get_batch(batch)["id"] == batch
    with caplog.at_level(logging.INFO):
        hook.dump_batch_logs(batch)
    assert hook.get_batch_logs(batch, 0, 100)["total"] >= 200
    assert hook.delete_batch(batch) == {"msg": "deleted"}
    with pytest.raises(AirflowException):
        hook.get_batch(batch)
    with pytest.raises(AirflowException):
        hook.get_batch_state(batch)


def test_connection_check():
    assert LivyHook().run_method("/batches", "HEAD").status_code == 200


def test_async_hook(file, livy):
    batch = livy.batch(file("print('async')"))
    livy.wait_batch(batch)

    async def ask():
        hook = LivyAsyncHook()
        return await hook.get_batch_state(batch), await hook.dump_batch_logs(batch)

    state, lines = asyncio.run(ask())
    assert state["batch_state"] == BatchState.SUCCESS and "async" in lines


def test_user_and_token(context, file, own_hearth, token_for, tmp_path, monkeypatch):
    """Basic authentication, where the password is a token."""
    token = token_for(tmp_path / "data", "alice")
    server, _ = own_hearth("auth.require_token=true", data_dir=str(tmp_path / "data"))
    host, port = server.http.split(":")
    monkeypatch.setenv("AIRFLOW_CONN_LIVY_ALICE", json.dumps({"conn_type": "livy", "host": host, "port": int(port), "schema": "http", "login": "alice", "password": token}))
    batch = operator(file("print('x')"), livy_conn_id="livy_alice").execute(context)
    assert LivyHook(livy_conn_id="livy_alice").get_batch(batch)["owner"] == "alice"
