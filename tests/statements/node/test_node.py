"""@databricks/sql for Node (client.mjs)."""

import shutil
from pathlib import Path

from harness.statements import SLOW

HERE = Path(__file__).resolve().parent


def test_client(run_tool, tool, caches, schema):
    node, npm = tool("node"), tool("npm")
    folder = caches / "node"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text()
    installed = folder / "installed.json"
    if not installed.exists() or installed.read_text() != wanted:
        shutil.copy(HERE / "package.json", folder)
        run_tool([npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--cache", caches / "npm"], folder)
        installed.write_text(wanted)
    output = run_tool([node, HERE / "client.mjs"], HERE, HEARTH_NODE_MODULES=str(folder), HEARTH_SLOW=SLOW, HEARTH_SCHEMA=schema)
    assert output.count("ok ") == 11
