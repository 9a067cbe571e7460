"""dbt-databricks with a small project: debug, seed, run, test, run again, docs."""

import json
import shutil
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent / "project"
DBT = Path(sys.executable).with_name("dbt")
SCHEMA = "dbt_tests"


@pytest.fixture(scope="module")
def dbt(run_tool, rest, http_path, tmp_path_factory):
    """Runs a dbt command in a copy of the project; returns its output and the results by node."""
    folder = tmp_path_factory.mktemp("dbt") / "project"
    shutil.copytree(PROJECT, folder)
    catalog = rest.rows("select current_catalog()")[0][0]
    rest.rows(f"drop schema if exists {SCHEMA} cascade")

    def run(*command):
        written = folder / "target" / "run_results.json"
        written.unlink(missing_ok=True)
        output = run_tool([DBT, "--no-use-colors", *command], folder, HEARTH_HTTP_PATH=http_path, HEARTH_CATALOG=catalog, HEARTH_SCHEMA=SCHEMA,
                          DBT_PROFILES_DIR=str(folder), DBT_SEND_ANONYMOUS_USAGE_STATS="false", DO_NOT_TRACK="1")
        results = json.loads(written.read_text())["results"] if written.exists() else []
        return output, {result["unique_id"].split(".")[2]: result["status"] for result in results}

    run.folder = folder
    yield run
    rest.rows(f"drop schema if exists {SCHEMA} cascade")


def test_debug(dbt):
    assert "All checks passed!" in dbt("debug")[0]


def test_seed(dbt, rest):
    assert dbt("seed")[1] == {"people": "success"}
    assert rest.rows(f"select * from {SCHEMA}.people order by id")[4] == ["5", "O'Hara, Jr", None, "2021-05-06"]
    assert dbt("seed", "--full-refresh")[1] == {"people": "success"}
    assert rest.rows(f"select count(*) from {SCHEMA}.people") == [["5"]]


def test_run(dbt, rest):
    assert dbt("run")[1] == {"members": "success", "teams": "success", "joined": "success"}
    assert rest.rows(f"select team, members from {SCHEMA}.teams order by team") == [["blue", "2"], ["none", "1"], ["red", "2"]]
    assert rest.rows(f"select count(*) from {SCHEMA}.joined") == [["5"]]


def test_tests(dbt):
    statuses = dbt("test")[1]
    assert len(statuses) == 7 and set(statuses.values()) == {"pass"}


def test_run_again_appends_what_is_new(dbt, rest):
    rest.rows(f"insert into {SCHEMA}.people values (6, 'Alan', 'blue', date'2021-06-07')")
    assert set(dbt("run")[1].values()) == {"success"}
    assert rest.rows(f"select count(*), count(distinct seen) from {SCHEMA}.joined") == [["6", "2"]]
    assert rest.rows(f"select members from {SCHEMA}.teams where team = 'blue'") == [["3"]]


def test_docs(dbt):
    dbt("docs", "generate")
    catalog = json.loads((dbt.folder / "target" / "catalog.json").read_text())
    assert catalog["errors"] is None
    told = {unique.split(".")[2]: list(node["columns"]) for unique, node in catalog["nodes"].items()}
    assert told == {"people": ["id", "name", "team", "joined"], "members": ["id", "name", "team", "joined"], "teams": ["team", "members", "since"],
                    "joined": ["id", "joined", "seen"]}


def test_show(dbt):
    assert "blue" in dbt("show", "--select", "teams")[0]
