"""The SDK for Java and the JDBC driver (src/main/java)."""

from pathlib import Path

import pytest
from harness.statements import SLOW

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def java(run_tool, tool, caches):
    """Compiles once; runs a client's checks and returns what they print."""
    target = caches / "java"
    target.mkdir(parents=True, exist_ok=True)
    run_tool([tool("mvn"), "-B", "-q", f"-Dmaven.repo.local={caches / 'maven'}", f"-Dhearth.target={target}", "compile",
              "dependency:build-classpath", f"-Dmdep.outputFile={target / 'classpath'}"], HERE)
    classpath = f"{target / 'classes'}:{(target / 'classpath').read_text().strip()}"

    def run(client, **environment):
        return run_tool([tool("java"), "--add-opens=java.base/java.nio=ALL-UNNAMED", "-Duser.timezone=UTC", "hearth.Main", client],
                        target, CLASSPATH=classpath, HEARTH_SLOW=SLOW, **environment)

    return run


def test_sdk(java):
    assert java("sdk").count("ok sdk") == 8


@pytest.mark.parametrize("client", ["jdbc", "jdbc-json"])
def test_jdbc(java, schema, client):
    assert java(client, HEARTH_SCHEMA=schema).count(f"ok {client}") == 9
