"""What Apache Livy itself answered (`tests/livy/recorded`), asked of Hearth again: each scenario against a server of its own.

Differences that are wanted stand in `recorded/deviations.tsv`; the scenarios run side by side, since most of their time is waiting.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "original"))

import catalogue  # noqa: E402
import compare  # noqa: E402

PLAIN = [name for name in catalogue.SCENARIOS if name not in compare.NEEDS_JVM]
AT_ONCE = 3


@pytest.fixture(scope="module")
def answered(request, tmp_path_factory):
    """What Hearth answers, by scenario."""
    assert request.config.getoption("--server") == "hearth", "this test starts servers of its own"
    folder = tmp_path_factory.mktemp("recorded")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {name: pool.submit(compare.play, name, folder / name) for name in PLAIN}
        yield running


@pytest.mark.parametrize("scenario", PLAIN)
def test_answers_are_those_of_livy(answered, scenario):
    report = compare.compare(scenario, answered[scenario].result())
    assert not report.mistakes(), "\n".join(one[:2000] for one in report.mistakes())
    assert report.equal > report.listed, report
