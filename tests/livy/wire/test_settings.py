"""Settings: a `livy.conf`, unknown fields, refused settings, a Python and packages of the session's own, missing parts."""

import subprocess
import zipfile

import pytest
from harness import servers
from harness.livy import interpreter_arguments


def test_livy_conf(own_hearth, tmp_path):
    (tmp_path / "livy.conf").write_text(
        "# of an older server\nlivy.server.csrf-protection.enabled = true\nlivy.rsc.sql.num-rows = 3\nlivy.rsc.retained-statements 2\n"
        "livy.server.session.timeout = 2h\nlivy.spark.master = yarn\n")
    _, livy = own_hearth(f"livy.conf_file={tmp_path / 'livy.conf'}")
    assert livy.create("sql").status == 400
    headers = {"X-Requested-By": "x"}
    session = livy.create("sql", headers=headers).json["id"]
    livy.wait_session(session)
    for _ in range(3):
        reply = livy.post(f"/sessions/{session}/statements", {"code": "select id from range(10) order by id"}, headers)
        done = livy.wait(session, reply.json["id"])
    assert done["output"]["data"]["application/json"]["data"] == [[0], [1], [2]]
    assert livy.get(f"/sessions/{session}/statements").json["total_statements"] == 2


def test_own_settings_win_over_livy_conf(own_hearth, tmp_path):
    (tmp_path / "livy.conf").write_text("livy.rsc.sql.num-rows = 3\n")
    _, livy = own_hearth(f"livy.conf_file={tmp_path / 'livy.conf'}", "livy.sql_rows=5")
    assert len(livy.rows(livy.open("sql"), "select id from range(10)")) == 5


def test_unknown_fields_can_be_passed_over(own_hearth):
    """Clients of other dialects send more."""
    _, livy = own_hearth("livy.unknown_fields=ignore")
    reply = livy.create("sql", tags={"a": "b"}, artifactId="x")
    assert reply.status == 201, reply
    session = reply.json["id"]
    livy.wait_session(session)
    reply = livy.post(f"/sessions/{session}/statements", {"code": "select 1", "more": 1})
    assert reply.status == 201 and livy.wait(session, reply.json["id"])["output"]["status"] == "ok", reply


def test_refused_settings(own_hearth):
    _, livy = own_hearth("livy.conf_refused=a.b,c.d")
    for conf, names in (({"a.b": "1"}, "a.b"), ({"c.d": "1", "a.b": "2"}, "a.b, c.d")):
        reply = livy.create("sql", conf=conf)
        assert reply.status == 400 and reply.json == {"msg": f"Rejected, Reason: Blacklisted configuration values in session config: {names}"}, reply
    assert livy.create("sql", conf={"spark.master": "x"}).status == 201


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A package that is nowhere else."""
    path = tmp_path_factory.mktemp("wheel") / "hearth_livy_probe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hearth_livy_probe.py", "value = 'of the session'\n")
        archive.writestr("hearth_livy_probe-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: hearth-livy-probe\nVersion: 1.0\n")
        archive.writestr("hearth_livy_probe-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("hearth_livy_probe-1.0.dist-info/RECORD", "hearth_livy_probe.py,,\n")
    return path


def test_packages_of_the_session(own_hearth, wheel):
    _, livy = own_hearth()
    conf = {"hearth.python.requirements": f"hearth-livy-probe @ file://{wheel}"}
    session, other = livy.open("pyspark", conf=conf), livy.open("pyspark")
    assert livy.text(session, "import hearth_livy_probe\nhearth_livy_probe.value") == "'of the session'"
    assert livy.text(session, "spark.range(2).count()") == "2"
    assert livy.failure(other, "import hearth_livy_probe")["ename"] == "ModuleNotFoundError"
    livy.remove(session)
    again = livy.open("pyspark", conf=conf)
    assert livy.text(again, "import hearth_livy_probe\n1") == "1"


def test_packages_that_cannot_be_installed(own_hearth):
    _, livy = own_hearth()
    session = livy.begin("pyspark", conf={"hearth.python.requirements": "hearth-livy-probe @ file:///no/such/probe-1.0-py3-none-any.whl"})
    found = livy.wait_session(session, ("error", "dead"), seconds=120)
    assert any("/no/such/probe" in line for line in livy.log_lines(session)), found


def test_packages_can_be_forbidden(own_hearth, wheel):
    _, livy = own_hearth("interpreter.session_requirements=false")
    reply = livy.create("pyspark", conf={"hearth.python.requirements": "x"})
    if reply.status == 201:
        livy.wait_session(reply.json["id"], ("error", "dead"))
        assert any("interpreter.session_requirements" in line for line in livy.log_lines(reply.json["id"]))
    else:
        assert reply.status == 400 and "interpreter.session_requirements" in reply.json["msg"], reply


@pytest.mark.parametrize("setting,kind,words", [("interpreter.python=/no/such/python", "pyspark", "pip install"), ("interpreter.r=/no/such/Rscript", "sparkr", "apt-get install"),
                                                ("interpreter.java=/no/such/java", "spark", "apt-get install")])
def test_missing_parts_are_named(own_hearth, setting, kind, words):
    _, livy = own_hearth(setting)
    reply = livy.create(kind)
    assert reply.status == 400 and reply.json["msg"].startswith("Rejected, Reason: ") and kind in reply.json["msg"], reply
    assert words in reply.json["msg"] or "python" in reply.json["msg"], reply
    assert livy.rows(livy.open("sql"), "select 1") == [[1]]


def test_doctor_lists_the_kinds(tmp_path):
    command = [servers.hearth_binary(), "doctor", "--data-dir", str(tmp_path), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    done = subprocess.run(command + interpreter_arguments(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for kind in ("python", "scala", "r"):
        assert f"{kind} sessions:" in done.stdout, done.stdout
    done = subprocess.run(command + ["--set", "interpreter.r=/no/such/Rscript"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert "r-base-core" in done.stdout, done.stdout
