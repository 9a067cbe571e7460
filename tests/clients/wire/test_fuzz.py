"""A small run of the mutation program; the full count is `fuzz.py --mutations 10000`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fuzz  # noqa: E402


@pytest.mark.hearth_only
@pytest.mark.versions((4, 2))
def test_mutated_requests_are_answered(server, request):
    outcome = fuzz.fuzz(server, request.config.getoption("--mutations"), seed=7)
    assert len(outcome) == 12
    assert not any("UNAVAILABLE" in codes for codes in outcome.values()), outcome
