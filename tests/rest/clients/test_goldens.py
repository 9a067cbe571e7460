"""The DataFrame programs whose answers real Spark gave (tests/clients/dataframe), over the thin client and REST."""

import re
import subprocess
import sys

import pytest
from harness.servers import ROOT

# By the words of `-k`: what the thin client does not hand on, or answers itself.
LEFT_OUT = (
    "checkpoint",  # a second answer to RemoveCachedRemoteRelation, which PySpark reads as a single one and waits for ever
    "interrupt",  # it refuses Interrupt
    "cloneSession",  # it has no CloneSession
    "error_messages",  # nor FetchErrorDetails
    "time_type and not refused",  # its errors stand in texts, with their places
    "arrow_options",  # it takes all rows in one batch, whatever the size that was set
    "ansi.enabled and zz",  # it answers settings with a default by itself
)


@pytest.mark.versions((4, 2))
def test_dataframe_programs_answer_as_spark_does(bridge):
    """All but the listed deviations, which are the same over gRPC."""
    address = bridge.open().removeprefix("sc://")
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=line", "tests/clients/dataframe", "--server", address, "--thin",
               "-k", " and ".join(f"not ({words})" for words in LEFT_OUT)]
    done = subprocess.run(command, cwd=ROOT, timeout=600, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0 and passed and int(passed[1]) > 1_500, done.stdout[-6000:]
