"""Tracebacks as users should see them: only frames of their own code and of the libraries it calls."""

from __future__ import annotations

from . import interrupts


def of_user(frames):
    """A traceback without the frames of this package that lead to user code, and without that of Ctrl-C at its end."""
    while frames is not None and frames.tb_frame.f_globals.get("__package__") == __package__:
        frames = frames.tb_next
    at = frames
    while at is not None and at.tb_next is not None:
        if at.tb_next.tb_frame.f_globals is vars(interrupts):
            at.tb_next = None
            break
        at = at.tb_next
    return frames


def below(frames, filename):
    """The part of a traceback below the outermost code of this file; the whole where there is none."""
    at = frames
    while at is not None:
        code = at.tb_frame.f_code
        if code.co_filename == filename and code.co_name == "<module>":
            return at.tb_next
        at = at.tb_next
    return frames
