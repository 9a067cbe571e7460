"""The DataFrame programs whose answers real Spark gave (tests/clients/dataframe), over the thin client and REST."""

import re
import subprocess
import sys

import pytest
from golden import goldens
from harness.servers import ROOT


@pytest.mark.versions((4, 2))
def test_dataframe_programs_answer_as_spark_does(bridge):
    """All but the listed deviations, which are the same over gRPC."""
    address = bridge.open().removeprefix("sc://")
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "tests/clients/dataframe", "--server", address]
    done = subprocess.run(command, cwd=ROOT, timeout=600, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    failed = {(f"dataframe/{name}.golden", case.replace("_", " "))
              for name, case in re.findall(r"^FAILED \S*test_(\w+)\.py::\w+\[(\w+)\]", done.stdout, re.M)}
    known = {case for case in goldens.load_deviations() if case[0].startswith("dataframe/") and case[0] != "dataframe/rpc.golden"}
    counts = re.search(r"(\d+) failed, (\d+) passed", done.stdout)
    assert counts and int(counts[2]) > 200, done.stdout[-3000:]
    assert failed == known and int(counts[1]) == len(known), done.stdout[-6000:]
