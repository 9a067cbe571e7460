"""Files: uploads in multipart, files by address, and those that a session is created with."""

import hashlib
import io
import zipfile

import pytest
from harness.livy import wait_for
from harness.rest import Reply


def packed(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def fine(reply: Reply):
    assert reply.status == 200, reply


def test_upload_of_a_file(livy, python):
    fine(livy.upload(python, "upload-file", "data.txt", b"some\ndata"))
    assert livy.text(python, "from pyspark import SparkFiles\nopen(SparkFiles.get('data.txt')).read()") == "'some\\ndata'"


def test_upload_of_a_module(livy, python):
    fine(livy.upload(python, "upload-pyfile", "uploaded_mod.py", b"def answer():\n    return 5\n"))
    assert livy.text(python, "import uploaded_mod\nuploaded_mod.answer()") == "5"


def test_upload_of_a_package(livy, python):
    fine(livy.upload(python, "upload-pyfile", "uploaded_zip.zip", packed({"zipped/__init__.py": "", "zipped/inner.py": "value = 6"})))
    assert livy.text(python, "from zipped.inner import value\nvalue") == "6"


def test_binary_content_is_kept(livy, python):
    content = bytes(range(256)) * 1000 + b"\r\n--x\r\n"
    fine(livy.upload(python, "upload-file", "binary.bin", content))
    livy.text(python, "import hashlib\nfrom pyspark import SparkFiles")
    assert livy.text(python, "hashlib.sha256(open(SparkFiles.get('binary.bin'), 'rb').read()).hexdigest()") == repr(hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("name", ["../../escape.txt", "/etc/escape.txt", "..", ".", "", "a/b.txt", "x\x00y", "é 🔥.txt", "x" * 300])
def test_odd_names_stay_in_the_folder(livy, python, tmp_path, name):
    reply = livy.upload(python, "upload-file", name, b"x")
    assert reply.status in (200, 400), reply
    assert livy.text(python, "1") == "1"


@pytest.mark.parametrize("endpoint,part,message", [("upload-jar", "file", "No jar sent!"), ("upload-file", "jar", "No file sent!"), ("upload-pyfile", "x", "No file sent!")])
def test_missing_part(livy, python, endpoint, part, message):
    reply = livy.upload(python, endpoint, "x.py", b"x", part=part)
    assert reply.status == 400 and reply.json == message, reply


@pytest.mark.parametrize("body,headers", [(b"", {}), (b"x", {"Content-Type": "multipart/form-data"}), (b"--b\r\nbroken", {"Content-Type": "multipart/form-data; boundary=b"}),
                                          (b"{}", {"Content-Type": "application/json"})])
def test_body_that_is_no_multipart(livy, python, body, headers):
    reply = livy.post(f"/sessions/{python}/upload-file", body, headers)
    assert reply.status == 400, reply


def test_upload_of_a_jar_is_answered(livy, python):
    reply = livy.upload(python, "upload-jar", "x.jar", packed({"a.txt": "x"}), part="jar")
    assert reply.status in (200, 400), reply
    assert livy.text(python, "1") == "1"


@pytest.mark.parametrize("address", ["{}", "file:{}", "file://{}"])
def test_add_file_and_module(livy, python, tmp_path, address):
    mark = abs(hash(address)) % 1000
    (tmp_path / f"added_{mark}.py").write_text(f"value = {mark}\n")
    (tmp_path / f"added_{mark}.txt").write_text("added text")
    fine(livy.post(f"/sessions/{python}/add-pyfile", {"uri": address.format(tmp_path / f"added_{mark}.py")}))
    fine(livy.post(f"/sessions/{python}/add-file", {"uri": address.format(tmp_path / f"added_{mark}.txt")}))
    assert livy.text(python, f"import added_{mark}\nadded_{mark}.value") == str(mark)
    assert livy.text(python, f"from pyspark import SparkFiles\nopen(SparkFiles.get('added_{mark}.txt')).read()") == "'added text'"


@pytest.mark.parametrize("body,text", [({"uri": "relative.py"}, "requirement failed: Path 'relative.py' is not absolute."), ({"uri": "/no/such/file.py"}, ""),
                                       ({"x": "y"}, 'Unrecognized field "x"'), ({}, ""), ({"uri": None}, ""), ({"uri": 5}, ""), ([], "")])
@pytest.mark.parametrize("endpoint", ["add-file", "add-pyfile", "add-jar"])
def test_add_of_what_is_not_there(livy, python, endpoint, body, text):
    reply = livy.post(f"/sessions/{python}/{endpoint}", body)
    # Livy fails inside when there is no address.
    assert reply.status in ((400, 500) if body in ({}, {"uri": None}) else (400,)), reply
    assert text in reply.body.decode().replace('\\"', '"'), reply


def test_files_of_the_creation(livy, opened, tmp_path):
    (tmp_path / "given_mod.py").write_text("value = 'of the creation'\n")
    (tmp_path / "given.txt").write_text("given text")
    (tmp_path / "given.zip").write_bytes(packed({"inside.txt": "archived"}))
    session = opened("pyspark", pyFiles=[str(tmp_path / "given_mod.py")], files=[f"file://{tmp_path}/given.txt"], archives=[str(tmp_path / "given.zip") + "#unpacked"])
    assert livy.text(session, "import given_mod\ngiven_mod.value") == "'of the creation'"
    assert livy.text(session, "from pyspark import SparkFiles\nopen(SparkFiles.get('given.txt')).read()") == "'given text'"
    assert livy.text(session, "import os\nopen(os.path.join(SparkFiles.get('unpacked'), 'inside.txt')).read()") == "'archived'"
    assert livy.text(session, "open('given.txt').read()") == "'given text'"


def test_missing_file_of_the_creation_is_told(livy):
    reply = livy.create("pyspark", pyFiles=["/no/such/module.py"])
    if reply.status == 201:
        session = reply.json["id"]

        def failed():
            found = livy.session(session)
            return found["state"] in ("error", "dead", "killed") and found

        wait_for(failed, 60, "the failure")
        assert any("/no/such/module.py" in line for line in livy.log_lines(session)), livy.log_lines(session)
        livy.remove(session)
    else:
        assert reply.status == 400 and "/no/such/module.py" in reply.json["msg"], reply


@pytest.fixture(scope="module")
def small(own_hearth):
    """A server with a small limit of uploads and one folder of files."""
    return own_hearth("livy.max_upload=64k")[1]


def test_upload_over_the_limit(small):
    session = small.open("pyspark")
    assert small.upload(session, "upload-file", "fits.bin", b"x" * 60_000).status == 200
    reply = small.upload(session, "upload-file", "large.bin", b"x" * 200_000)
    # Livy's own answer.
    assert reply.status == 500 and reply.body == b"org.scalatra.servlet.SizeConstraintExceededException: Too large request or file", reply
    assert small.text(session, "1") == "1"
    small.remove(session)


def test_local_folders(own_hearth, tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "fine.py").write_text("fine = 1\n")
    (tmp_path / "closed.py").write_text("closed = 1\n")
    _, livy = own_hearth(f"livy.local_folders={tmp_path / 'open'}")
    for path in (tmp_path / "closed.py", tmp_path / "open" / ".." / "closed.py"):
        reply = livy.create("pyspark", pyFiles=[str(path)])
        assert reply.status == 400 and reply.json["msg"].startswith("Rejected, Reason: requirement failed: Local path"), reply
        assert "cannot be added to user sessions." in reply.json["msg"]
    session = livy.open("pyspark", pyFiles=[str(tmp_path / "open" / "fine.py")])
    assert livy.text(session, "import fine\nfine.fine") == "1"
    reply = livy.post(f"/sessions/{session}/add-pyfile", {"uri": str(tmp_path / "closed.py")})
    assert reply.status == 400, reply
    livy.remove(session)
