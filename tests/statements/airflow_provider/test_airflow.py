"""Airflow's Databricks provider, unmodified: the statements operator, its sensor and trigger, the warehouse operators."""

import asyncio
import time
from unittest.mock import MagicMock

import pytest
from harness.statements import SLOW, WAREHOUSE, WAREHOUSES

from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred
from airflow.providers.databricks.hooks.databricks import DatabricksHook
from airflow.providers.databricks.operators.databricks import DatabricksSQLStatementsOperator
from airflow.providers.databricks.operators.warehouse import DatabricksStartWarehouseOperator, DatabricksStopWarehouseOperator
from airflow.providers.databricks.sensors.databricks import DatabricksSQLStatementsSensor
from airflow.providers.databricks.triggers.databricks import DatabricksSQLStatementExecutionTrigger


@pytest.fixture
def context():
    return {"ti": MagicMock()}


def operator(statement, **options):
    return DatabricksSQLStatementsOperator(task_id="statement", statement=statement, warehouse_id=WAREHOUSE, polling_period_seconds=0.1,
                                           databricks_retry_limit=1, include_airflow_query_tags=False, **options)


def test_statement(context, rest, schema):
    rest.rows(f"create table {schema}.t (a int)")
    task = operator(f"insert into {schema}.t values (:a)", parameters=[{"name": "a", "type": "INT", "value": "5"}])
    task.execute(context)
    assert context["ti"].xcom_push.call_args.kwargs["value"] == task.statement_id
    assert rest.rows(f"select * from {schema}.t") == [["5"]]


def test_schema_and_tags(context, rest, schema):
    rest.rows(f"create table {schema}.t (a int)")
    operator("insert into t values (1)", schema=schema, query_tags={"team": "x"}).execute(context)
    assert rest.rows(f"select count(*) from {schema}.t") == [["1"]]


def test_failure(context):
    with pytest.raises(AirflowException, match="TABLE_OR_VIEW_NOT_FOUND"):
        operator("select * from no_such_table").execute(context)


def test_refused(context):
    task = operator("select 1")
    task.warehouse_id = "nope"
    with pytest.raises(AirflowException, match="not a valid endpoint id"):
        task.execute(context)


def test_timeout_cancels(context, rest):
    task = operator(SLOW, timeout=1)
    with pytest.raises(AirflowException, match="timed out"):
        task.execute(context)
    assert rest.wait(task.statement_id)["status"]["state"] == "CANCELED"


def test_kill(context, rest):
    task = operator(SLOW, wait_for_termination=False)
    task.execute(context)
    task.on_kill()
    assert rest.wait(task.statement_id)["status"]["state"] == "CANCELED"


@pytest.mark.parametrize("statement,good", [("select count(*) from range(10000000) where hash(id) = 7", True),
                                            ("select sum(1 / (id - 9999999)) from range(10000000)", False)])
def test_deferred(context, statement, good):
    """What the triggerer does with a statement that runs on."""
    task = operator(statement, deferrable=True)
    try:
        task.execute(context)
    except TaskDeferred as deferred:
        event = asyncio.run(first(deferred.trigger)).payload
        if good:
            task.execute_complete(context, event)
        else:
            with pytest.raises(AirflowException, match="DIVIDE_BY_ZERO"):
                task.execute_complete(context, event)
        return
    except AirflowException as error:
        assert not good and "DIVIDE_BY_ZERO" in str(error)
    assert good, "it must fail"


async def first(trigger):
    async for event in trigger.run():
        return event


def test_trigger_times_out(rest):
    statement = rest.submit(SLOW)
    trigger = DatabricksSQLStatementExecutionTrigger(statement, "databricks_default", time.time() + 1, polling_period_seconds=0.1)
    asyncio.run(first(trigger))
    assert rest.wait(statement)["status"]["state"] == "CANCELED"


def test_sensor(context, rest):
    sensor = DatabricksSQLStatementsSensor(task_id="sensor", statement_id=rest.submit("select 1"), warehouse_id=WAREHOUSE, polling_period_seconds=1)
    deadline = time.monotonic() + 20
    while not sensor.poke(context):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_warehouses(context, rest):
    made = rest.post(WAREHOUSES, {"name": "airflow", "cluster_size": "Small"}).json["id"]
    try:
        DatabricksStopWarehouseOperator(task_id="stop", warehouse_id=made).execute(context)
        assert rest.get(f"{WAREHOUSES}/{made}").json["state"] == "STOPPED"
        DatabricksStartWarehouseOperator(task_id="start", warehouse_id=made).execute(context)
        assert rest.get(f"{WAREHOUSES}/{made}").json["state"] == "RUNNING"
    finally:
        rest.delete(f"{WAREHOUSES}/{made}")


def test_hook(rest):
    hook = DatabricksHook()
    assert hook.get_sql_statement_state(rest.submit("select 1")).state in ("PENDING", "RUNNING", "SUCCEEDED")
