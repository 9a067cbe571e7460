"""livy-uploads, unmodified: code with values both ways, files and folders, shell commands, its log reader."""

import uuid

import pytest
from livy_uploads.commands import LivyRunCode, LivyRunShell, LivyUploadDir, LivyUploadFile
from livy_uploads.endpoint import LivyEndpoint
from livy_uploads.exceptions import LivyError
from livy_uploads.retry_policy import TimeoutRetryPolicy
from livy_uploads.session import LivySession


@pytest.fixture(scope="module")
def session(url):
    endpoint = LivyEndpoint(url)
    made = LivySession.create(endpoint, name=f"uploads-{uuid.uuid4()}", kind="pyspark", ttl="1h", heartbeatTimeoutInSecond=600)
    made.wait_ready(TimeoutRetryPolicy(120, 0.2))
    yield made
    made.delete()
    made.wait_done(TimeoutRetryPolicy(30, 0.2))


def test_listed(session, url):
    assert session.session_id in [one.session_id for one in LivySession.list(LivyEndpoint(url), page_size=1)]


def test_code(session):
    lines, value = session.apply(LivyRunCode("print('line')\n_ = [given, spark.range(3).count()]", vars={"given": {"a": 1}}))
    assert value == [{"a": 1}, 3] and "line" in lines


def test_code_that_fails(session):
    with pytest.raises(Exception, match="own text") as raised:
        session.apply(LivyRunCode("raise KeyError('own text')"))
    assert "KeyError" in repr(raised.value) or isinstance(raised.value, KeyError)


def test_file(session, tmp_path):
    content = bytes(range(256)) * 600
    (tmp_path / "large.bin").write_bytes(content)
    path = session.apply(LivyUploadFile(tmp_path / "large.bin", dest_path="sub/large.bin"))
    _, found = session.apply(LivyRunCode(f"_ = open({path!r}, 'rb').read()"))
    assert found == content


def test_folder(session, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("ü")
    path = session.apply(LivyUploadDir(tmp_path / "folder"))
    _, found = session.apply(LivyRunCode(f"import os\n_ = open(os.path.join({path!r}, 'a.txt')).read()"))
    assert found == "ü"


def test_shell(session):
    pid, output, code = session.apply(LivyRunShell("echo hi; exit 3"))
    assert pid > 0 and output == "hi\n" and code == 3


def test_log(session):
    lines = next(session.follow())
    assert "stdout: " in lines


def test_busy_session_is_told(session):
    session.request("POST", f"/sessions/{session.session_id}/statements", json={"code": "import time\ntime.sleep(2)"})
    with pytest.raises(LivyError, match="busy"):
        session.assert_idle()
    session.wait_ready(TimeoutRetryPolicy(30, 0.2))
