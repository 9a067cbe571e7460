"""What is kept for the server until it says that it has it, and how much of it."""

from __future__ import annotations

import json
import sys

from driver import PROGRAM

sys.path.insert(0, str(PROGRAM.parent))

from hearth_interpreter import channel  # noqa: E402
from hearth_interpreter.answers import Answers  # noqa: E402


def body(frame):
    return json.loads(frame[4:])


def big(size):
    return {"status": "ok", "data": {"text/plain": "x" * size}}


def test_answers_are_kept_until_acknowledged():
    answers = Answers()
    assert answers.begin(1) and not answers.begin(1)
    frame = answers.keep(1, "execute", big(1))
    assert answers.kept() == [frame] and answers.frame(1) == frame
    assert answers.acknowledge(1) == "execute"
    assert answers.kept() == [] and answers.acknowledge(1) is None
    assert not answers.begin(1)


def test_oldest_answers_give_way():
    answers = Answers(max_kept=2500)
    answers.keep(1, "execute", big(1000))
    answers.keep(2, "job", {"result": "x" * 1000})
    newest = answers.keep(3, "execute", big(2000))
    first, second, third = answers.kept()
    assert body(first)["ok"]["ename"] == "OutputLimit"
    assert body(second)["ok"]["error"].startswith("OutputLimit: ")
    assert third == newest
    for number in (1, 2, 3):
        answers.acknowledge(number)
    assert answers._size == 0


def test_answer_that_no_frame_holds_is_an_error(monkeypatch):
    monkeypatch.setattr(channel, "MAX_FRAME", 500)
    assert body(Answers().keep(1, "execute", big(1000)))["ok"]["ename"] == "OutputLimit"
    assert "error" in body(Answers().keep(1, "job", {"result": "x" * 1000}))["ok"]
