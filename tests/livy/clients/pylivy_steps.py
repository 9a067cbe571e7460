"""What pylivy does with a session of any kind: run, upload a frame, download it."""

import contextlib

import pandas
from livy import LivySession, SessionKind
from livy.models import SessionState

NUMBERS = pandas.DataFrame({"name": ["a", "b", "ü"], "value": [1, 2, 3]})


@contextlib.contextmanager
def session_of(url, kind, **options):
    with LivySession.create(url, kind=kind, echo=False, **options) as session:
        assert session.state == SessionState.IDLE
        yield session
    assert session.client.get_session(session.session_id) is None, "closing deletes it"


def round_trip(url, kind, selection):
    """Uploads a frame, changes it by `selection` (code that makes `filtered` of `frame`), downloads both."""
    with session_of(url, kind) as session:
        session.upload("frame", NUMBERS)
        assert same(session.download("frame"), NUMBERS)
        session.run(selection)
        found = session.download("filtered")
        assert same(found, NUMBERS[NUMBERS["value"] > 1])


def same(found, wanted):
    found = found[list(wanted.columns)].sort_values("value").reset_index(drop=True)
    pandas.testing.assert_frame_equal(found, wanted.reset_index(drop=True), check_dtype=False)
    return True


__all__ = ["NUMBERS", "SessionKind", "round_trip", "same", "session_of"]
