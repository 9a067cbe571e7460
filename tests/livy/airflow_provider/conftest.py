"""Airflow without a scheduler: a home of its own and the connection in the environment."""

import json
import os
import tempfile

# Airflow reads these when it is first imported.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="hearth-airflow-"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "false"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "true"

import pytest


@pytest.fixture(scope="session", autouse=True)
def airflow_connection(server):
    host, port = server.http.split(":")
    os.environ["AIRFLOW_CONN_LIVY_DEFAULT"] = json.dumps({"conn_type": "livy", "host": host, "port": int(port), "schema": "http"})
