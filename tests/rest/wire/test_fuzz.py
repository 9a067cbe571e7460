"""A small run of the mutation program; the full count is `fuzz.py --mutations 10000`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fuzz  # noqa: E402


def test_mutated_requests_are_answered(own_hearth, request):
    count = request.config.getoption("--mutations")
    outcome = fuzz.fuzz(own_hearth(config=fuzz.CONFIG), count, request.config.getoption("--seed"))
    assert sum(sum(statuses.values()) for statuses in outcome.values()) == count
    assert any(200 in statuses for statuses in outcome.values()) and any(400 in statuses for statuses in outcome.values()), outcome
