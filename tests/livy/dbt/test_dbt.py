"""dbt for Fabric Spark in its local mode, which speaks plain Livy: debug, seed, run, test, run again, docs."""

import json
import shutil
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent / "project"
DBT = Path(sys.executable).with_name("dbt")
SCHEMA = "dbt_livy"


@pytest.fixture(scope="module")
def rows(livy):
    """Runs SQL in a session of its own."""
    session = livy.open("sql")
    yield lambda code: livy.rows(session, code)
    livy.remove(session)


@pytest.fixture(scope="module")
def dbt(run_tool, rows, tmp_path_factory):
    """Runs a dbt command in a copy of the project; returns its output and the results by node."""
    folder = tmp_path_factory.mktemp("dbt") / "project"
    shutil.copytree(PROJECT, folder)
    rows(f"drop schema if exists {SCHEMA} cascade")

    def run(*command):
        written = folder / "target" / "run_results.json"
        written.unlink(missing_ok=True)
        output = run_tool([DBT, "--no-use-colors", *command], folder, HEARTH_SCHEMA=SCHEMA, DBT_PROFILES_DIR=str(folder),
                          DBT_SEND_ANONYMOUS_USAGE_STATS="false", DO_NOT_TRACK="1")
        results = json.loads(written.read_text())["results"] if written.exists() else []
        return output, {result["unique_id"].split(".")[2]: result["status"] for result in results}

    run.folder = folder
    yield run
    rows(f"drop schema if exists {SCHEMA} cascade")


def test_debug(dbt):
    assert "All checks passed!" in dbt("debug")[0]


def test_seed(dbt, rows):
    assert dbt("seed")[1] == {"people": "success"}
    # This adapter sends an empty text for what the file leaves out.
    assert rows(f"select * from {SCHEMA}.people order by id")[4] == [5, "O'Hara, Jr", "", "2021-05-06"]
    assert dbt("seed", "--full-refresh")[1] == {"people": "success"}
    assert rows(f"select count(*) from {SCHEMA}.people") == [[5]]


def test_run(dbt, rows):
    assert dbt("run")[1] == {"members": "success", "teams": "success", "joined": "success"}
    assert rows(f"select team, members from {SCHEMA}.teams order by team") == [["blue", 2], ["none", 1], ["red", 2]]
    assert rows(f"select count(*) from {SCHEMA}.joined") == [[5]]


def test_tests(dbt):
    statuses = dbt("test")[1]
    assert len(statuses) == 7 and set(statuses.values()) == {"pass"}


def test_run_again_appends_what_is_new(dbt, rows):
    rows(f"insert into {SCHEMA}.people values (6, 'Alan', 'blue', date'2021-06-07')")
    assert set(dbt("run")[1].values()) == {"success"}
    assert rows(f"select count(*), count(distinct seen) from {SCHEMA}.joined") == [[6, 2]]
    assert rows(f"select members from {SCHEMA}.teams where team = 'blue'") == [[3]]


def test_show(dbt):
    assert "blue" in dbt("show", "--select", "teams")[0]


def test_failure_is_told(dbt):
    model = dbt.folder / "models" / "broken.sql"
    model.write_text("select no_such_column from {{ ref('people') }}\n")
    with pytest.raises(pytest.fail.Exception, match="no_such_column"):
        dbt("run", "--select", "broken")
    model.unlink()
