"""A small run of the mutation program; the full count is `fuzz.py --mutations 10000`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fuzz  # noqa: E402


def test_mutated_requests_are_answered(own_hearth, request):
    server, _ = own_hearth()
    statuses = fuzz.fuzz(server, request.config.getoption("--mutations"), request.config.getoption("--seed"))
    assert sum(statuses.values()) == request.config.getoption("--mutations")
    assert statuses[200] and statuses[400] and statuses[404], statuses
