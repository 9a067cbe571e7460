"""The snippets of docs/how-to/sql-clients.md that need the SDK or nothing."""

import json
import subprocess


def test_python(snippet, capsys):
    exec(compile(snippet("python", "WorkspaceClient"), "sql-clients.md", "exec"), {})
    assert capsys.readouterr().out.strip() == "StatementState.SUCCEEDED [['0'], ['1'], ['2']]"


def test_curl(snippet, tool):
    tool("curl")
    done = subprocess.run(["bash", "-c", snippet("sh", "curl")], stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout)["result"]["data_array"] == [["42"]]
