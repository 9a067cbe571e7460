"""The snippets of docs/how-to/sql-clients.md that use the connector."""

import pytest


@pytest.mark.parametrize("word,expected", [("sql.connect", "[Row(n=42)]"), ("create_engine", "   id\n0   0\n1   1\n2   2")])
def test_python(snippet, capsys, word, expected):
    names = {}
    exec(compile(snippet("python", word), "sql-clients.md", "exec"), names)
    if "engine" in names:
        names["engine"].dispose()  # a pooled session would be closed after the server has ended, with many retries
    assert capsys.readouterr().out.rstrip() == expected
