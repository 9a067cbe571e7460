"""The requests that are sent to the original Livy server, as data: SCENARIOS maps a name to (server configuration, steps).

A step is {"name", "method", "path"} and at most one body: "json" (sent as written), "text" (raw), "hex" (raw bytes) or "parts"
(multipart). "save" keeps the id of the answer under a name for later paths ("{name}"); "until" repeats the request until the
state of the answer is one of these; {"sleep"} waits. Each scenario begins with a fresh server, so ids count from 0.
"""

from __future__ import annotations

from jobs import JOB_ADD, JOB_ATTRS, JOB_FAIL, JOB_SLOW, JOB_SUM

FINAL = ["available", "cancelled", "error"]
SETTLED = ["idle", "error", "dead", "killed"]
ENDED = ["success", "dead", "killed", "error"]

FILES = {
    "good.py": "import sys\nprint('batch says hello', sys.argv[1:])\n",
    "spark.py": "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nprint('batch says', spark.range(3).count())\nspark.stop()\n",
    "fails.py": "raise SystemExit(3)\n",
    "sleeps.py": "import time\ntime.sleep(120)\n",
    "module.py": "answer = 42\n",
    "data.txt": "some data\n",
}


def step(name, method, path, **more):
    return {"name": name, "method": method, "path": path, **more}


def get(path, name=None, **more):
    return step(name or f"GET {path}", "GET", path, **more)


def post(path, json=None, name=None, **more):
    if json is not None:
        more["json"] = json
    return step(name or f"POST {path}", "POST", path, **more)


def delete(path, name=None, **more):
    return step(name or f"DELETE {path}", "DELETE", path, **more)


def until(path, states, name=None, **more):
    return get(path, name or f"{path} settles", until=states, **more)


# --- the server's own paths ------------------------------------------------------------------------------------------------

PATHS = ["/sessions", "/sessions/0", "/sessions/0/state", "/sessions/0/log", "/sessions/0/statements", "/sessions/0/statements/0",
         "/batches", "/batches/0", "/batches/0/state", "/batches/0/log", "/version"]
POST_ONLY = ["/sessions/0/stop", "/sessions/0/interrupt", "/sessions/0/connect", "/sessions/0/statements/0/cancel", "/sessions/0/completion",
             "/sessions/0/submit-job", "/sessions/0/run-job", "/sessions/0/upload-jar", "/sessions/0/upload-file", "/sessions/0/upload-pyfile",
             "/sessions/0/add-jar", "/sessions/0/add-file", "/sessions/0/add-pyfile", "/sessions/0/jobs/0/cancel"]

server = [
    get("/version", "version"),
    *[get(p, f"page {p}", cut=True) for p in (
        "/", "/ui", "/ui/", "/ui/session/0", "/ui/session/0/log", "/ui/batch/0/log", "/ui/nothing", "/static/livy-ui.js", "/static/nothing.js",
        "/metrics", "/metrics/", "/metrics/metrics", "/metrics/ping", "/metrics/healthcheck", "/metrics/threads", "/favicon.ico",
        "/thriftserver/sessions", "/nothing", "/nothing/at/all", "/livy/sessions", "/version/", "/version/x", "//sessions", "/sessions//")],
    get("/sessions", "sessions of a fresh server"),
    get("/batches", "batches of a fresh server"),
    *[get(f"/sessions{q}") for q in ("/", "?from=0&size=0", "?from=5", "?from=-1", "?size=-1", "?from=x", "?size=x", "?from=", "?size=1.5", "?size=99999999999", "?from=1&from=2", "?other=1")],
    *[get(f"/batches{q}") for q in ("/", "?from=x", "?size=-1")],
    *[step(f"{m} {p}", m, p) for p in PATHS for m in ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")],
    *[get(p) for p in POST_ONLY],
    *[step(f"{m} {p}", m, p) for p in POST_ONLY[:3] for m in ("DELETE", "PUT")],
    *[post(p, {}) for p in ("/version", "/sessions/0", "/sessions/0/state", "/sessions/0/log", "/batches/0", "/batches/0/state", "/batches/0/log", "/batches/0/stop", "/batches/0/restart")],
    *[get(f"/sessions/{i}") for i in ("0/", "abc", "abc/state", "99999999999", "2147483648", "-1", "007", "1.5", "%20", "a%2Fb", "0/foo", "0/foo/bar")],
    *[get(f"/batches/{i}") for i in ("0/", "abc", "99999999999", "-1", "0/foo")],
    *[get(f"/sessions/0/{p}", f"no session: {p}") for p in ("state", "log", "statements", "statements/0", "statements/x", "jobs/0")],
    *[post(f"/sessions/0/{p}", b, f"no session: {p}") for p, b in (
        ("stop", None), ("interrupt", None), ("connect", None), ("statements", {"code": "1"}), ("statements/0/cancel", None), ("statements/0/cancel", {}),
        ("completion", {"code": "1", "kind": "spark", "cursor": 1}), ("submit-job", {"job": "AA==", "jobType": "spark"}), ("run-job", {"job": "AA==", "jobType": "spark"}),
        ("add-jar", {"uri": "x"}), ("add-file", {"uri": "x"}), ("add-pyfile", {"uri": "x"}), ("upload-jar", None), ("jobs/0/cancel", None))],
    delete("/sessions/0", "no session: delete"),
    delete("/sessions/abc", "no session: delete by name"),
    delete("/batches/0", "no batch: delete"),
    *[get("/sessions", f"accept {a}", headers={"Accept": a}) for a in (
        "application/json", "*/*", "text/html", "text/plain", "application/xml", "application/vnd.livy.v0.1+json", "application/vnd.livy.v1+json",
        "application/vnd.livy.v1.0+json", "application/vnd.livy.v0.2+json", "application/vnd.livy.vX+json", "application/vnd.livy.v0.1", "application/vnd.livy+json", "garbage")],
    post("/sessions", {"kind": "sql"}, "accept another version on post", headers={"Accept": "application/vnd.livy.v1+json"}),
    post("/sessions/0", None, "override header", headers={"X-HTTP-Method-Override": "DELETE"}),
    post("/sessions/0", None, "override header, small letters", headers={"X-HTTP-Method-Override": "delete"}),
    post("/sessions", None, "override to get", headers={"X-HTTP-Method-Override": "GET"}),
    post("/sessions?_method=GET", None, "override in query"),
    post("/sessions/0", None, "override in form", text="_method=DELETE", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    get("/sessions", "get with override header is a get", headers={"X-HTTP-Method-Override": "DELETE"}),
    get("/sessions?doAs=alice", "doAs without impersonation"),
    get("/sessions", "http origin", headers={"Origin": "http://elsewhere"}),
]

# --- strictness ------------------------------------------------------------------------------------------------------------

STRINGS = [1, True, 1.5, [], ["a"], {}, None, ""]
INTS = ["1", "x", "", " 1 ", "1.5", "1g", 1.5, 1.0, 100.9, True, [], [1], {}, None, 99999999999, "99999999999", -1, 0]
LISTS = ["", "{files}/data.txt", 1, True, {}, None, [1], [None], [True], [1.5], [["a"]], [{}], [""]]
MAPS = ["", "x", 1, True, [], ["a"], None, {"spark.a": 1}, {"spark.a": True}, {"spark.a": 1.5}, {"spark.a": None}, {"spark.a": []}, {"spark.a": {}}, {"": "x"}]

BODIES = [
    ("empty", ""), ("blank", " \n"), ("null", "null"), ("array", "[]"), ("array of object", '[{"kind":"sql"}]'), ("string", '"x"'), ("empty string", '""'), ("number", "1"), ("true", "true"),
    ("open brace", "{"), ("half", '{"kind":'), ("half string", '{"kind":"sq'), ("word key", '{kind:"sql"}'), ("single quotes", "{'kind':'sql'}"), ("trailing comma", '{"kind":"sql",}'),
    ("comment", '{"kind":"sql" /* c */}'), ("hash comment", '{"kind":"sql"} # c'), ("garbage behind", '{"kind":"sql"} x'), ("second object", '{"kind":"sql"}{"kind":"x"}'), ("brace behind", '{"kind":"sql"}}'),
    ("duplicate key", '{"kind":"spark","kind":"sql"}'), ("nan", '{"numExecutors":NaN}'), ("leading zero", '{"numExecutors":01}'), ("plus", '{"numExecutors":+1}'), ("exponent", '{"numExecutors":1e1}'), ("word", "hello"), ("form", "kind=sql"),
    ("raw newline in a string", '{"kind":"sq\nl"}'), ("bad escape", '{"kind":"\\x"}'), ("unicode escape", '{"kind":"\\u0073ql"}'), ("no comma", '{"kind":"sql" "name":"a"}'), ("byte order mark", "\ufeff{}"), ("xml", "<kind/>"),
]


def strict(path, base, fields):
    for field, values in fields.items():
        for value in values:
            yield post(path, {**base, field: value}, f"{field} = {value!r}")


def unknown(path, base, fields):
    for field in fields:
        yield post(path, {**base, field: "x"}, f"unknown field {field}")


COMMON = {
    "proxyUser": STRINGS, "jars": LISTS, "pyFiles": LISTS, "files": LISTS, "archives": LISTS, "driverMemory": STRINGS, "driverCores": INTS, "executorMemory": STRINGS,
    "executorCores": INTS, "numExecutors": INTS, "queue": STRINGS, "name": [*STRINGS, "123", "0", "-1", "1a", "a b", "a/b", "\u00e4", "x" * 300], "conf": MAPS,
}
TIMES = ["1h", "1H", "10", 10, "0", "0s", "-1", "-1s", "abc", "1x", "1.5h", "", " 1h", "1 h", "1min", "1m", "1ms", "1us", "1d", "99999999999d", None, True, []]
CONFS = [
    {"spark.master": "local"}, {"spark.master": ""}, {"spark.submit.deployMode": "cluster"}, {"spark.yarn.jar": "x", "spark.yarn.jars": "y"}, {"spark.yarn.archive": "x"}, {"livy.rsc.server.idle-timeout": "1s"},
    {"spark.submit.proxyUser.allowCustomClasspathInClusterMode": "true"}, {"SPARK.MASTER": "x"}, {"spark.app.name": "mine"}, {"spark.jars": "{files}/a.jar,{files}/b.jar"}, {"spark.jars": "a.jar"}, {"spark.files": "/etc/passwd"},
    {"spark.submit.pyFiles": "file:///etc/x.py"}, {"spark.yarn.dist.archives": "x.zip"}, {"notspark": "x"}, {"livy.rsc.sql.num-rows": "5"}, {"spark.sql.ansi.enabled": False},
]
URIS = ["relative.jar", "./x.jar", "/abs/x.jar", "{files}/x.jar", "file://{files}/x.jar", "file:{files}/x.jar", "file:///etc/passwd", "file:/etc/passwd", "hdfs:///x.jar", "hdfs://host/x.jar", "http://host/x.jar", "https://host/x.jar", "s3a://b/x.jar", "local:/x.jar", "spark-internal", "a b.jar", "/a b.jar", "%zz", "/%zz"]

sessions_strict = [
    *[post("/sessions", {"kind": k}, f"kind = {k!r}") for k in ("spark", "scala", "pyspark", "python", "sparkr", "r", "sql", "shared", "pyspark3", "SQL", "Spark", "", " sql", "x", 1, True, None, [], ["sql"], {}, {"name": "sql"})],
    *[post("/sessions", None, f"body: {n}", text=t) for n, t in BODIES],
    post("/sessions", None, "body: invalid utf-8", hex="7b226e616d65223a22ff227d"),
    post("/sessions", None, "body: latin-1", hex="7b226e616d65223a22e4227d"),
    post("/sessions", None, "body: utf-16", hex="feff007b007d"),
    post("/sessions", None, "no body, no content type", headers={"Content-Length": "0"}),
    *[post("/sessions", None, f"content type {c}", text="{}", headers={"Content-Type": c}) for c in ("text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "application/json; charset=utf-8", "application/xml", "multipart/form-data", "garbage", "")],
    post("/sessions", None, "no content type", text="{}", headers={"Content-Type": None}),
    post("/sessions", {}, "content encoding UTF-8", headers={"Content-Encoding": "UTF-8"}),
    post("/sessions", {}, "content encoding gzip, but plain", headers={"Content-Encoding": "gzip"}),
    post("/sessions", None, "gzip body", hex="1f8b0800000000000203abae050043bfa6a302000000", headers={"Content-Encoding": "gzip"}),
    post("/sessions", None, "deflate body", hex="789cabae0500017500f9", headers={"Content-Encoding": "deflate"}),
    post("/sessions/", {}, "trailing slash"),
    post("/sessions?doAs=alice", {}, "doAs without impersonation"),
    post("/sessions", {"proxyUser": "alice"}, "proxyUser without impersonation"),
    *unknown("/sessions", {"kind": "sql"}, ("x", "Kind", "KIND", "kind ", "code", "id", "state", "file", "args", "className", "ttl", "idleTimeout", "sessionId", "tags", "artifactId", "executorMemoryOverhead", "spark.conf", "")),
    post("/sessions", {"x": {"y": [1]}, "kind": "sql"}, "unknown field with an object"),
    post("/sessions", {"x": 1, "y": 2}, "two unknown fields"),
    post("/sessions", {"kind": "nonsense", "x": 1}, "bad kind before unknown field"),
    post("/sessions", {"x": 1, "kind": "nonsense"}, "unknown field before bad kind"),
    *strict("/sessions", {}, {**COMMON, "heartbeatTimeoutInSecond": INTS}),
    *[post("/sessions", {"ttl": t}, f"ttl = {t!r}") for t in TIMES],
    *[post("/sessions", {"idleTimeout": t}, f"idleTimeout = {t!r}") for t in TIMES],
    *[post("/sessions", {"conf": c}, f"conf {c}") for c in CONFS],
    *[post("/sessions", {f: [u]}, f"{f} [{u}]") for f in ("jars", "files", "pyFiles", "archives") for u in URIS],
    post("/sessions", {"name": "twin"}, "first of a name", save="twin"),
    post("/sessions", {"name": "twin"}, "second of a name"),
    post("/sessions", {"name": "TWIN"}, "the name in capitals"),
    get("/sessions/twin", "by name"),
    get("/sessions/twin/state", "state by name"),
    get("/sessions/TWIN/state", "state by the name in capitals"),
    post("/batches", {"file": "{files}/good.py", "name": "twin"}, "a batch of the name of a session"),
    post("/sessions", {"kind": "pyspark", "name": "full", "jars": ["{files}/a.jar"], "pyFiles": ["{files}/module.py"], "files": ["{files}/data.txt"], "archives": ["{files}/a.zip"], "driverMemory": "1g", "driverCores": 2, "executorMemory": "2g", "executorCores": 3,
                       "numExecutors": 4, "queue": "q", "conf": {"spark.x": "y"}, "heartbeatTimeoutInSecond": 600}, "all fields", save="full"),
    get("/sessions/{full}", "all fields, read back"),
    post("/sessions/{full}/statements", {"code": "1"}, "a statement for a session that starts"),
    post("/sessions/{full}/completion", {"code": "1", "kind": "spark", "cursor": 1}, "completion for a session that starts"),
    post("/sessions/{full}/connect", None, "connect to a session that starts"),
    post("/sessions/{full}/statements", {"x": 1}, "an unknown field for a session that starts"),
    until("/sessions/{full}/state", ["dead", "error", "killed"], "the driver ends"),
    get("/sessions/{full}", "a session whose driver ended"),
    get("/sessions/{full}/log", "log of a session whose driver ended"),
    post("/sessions/{full}/statements", {"code": "1"}, "a statement for a dead session"),
    get("/sessions/{full}/statements", "statements of a dead session"),
    get("/sessions/{full}/statements/0", "a statement of a dead session"),
    post("/sessions/{full}/statements/0/cancel", None, "cancel in a dead session"),
    post("/sessions/{full}/completion", {"code": "1", "kind": "spark", "cursor": 1}, "completion in a dead session"),
    post("/sessions/{full}/submit-job", {"job": "AAAA", "jobType": "spark"}, "a job for a dead session"),
    post("/sessions/{full}/add-file", {"uri": "{files}/data.txt"}, "a file for a dead session"),
    post("/sessions/{full}/upload-file", None, "an upload for a dead session", parts=[{"name": "file", "filename": "a.txt", "content": "x"}]),
    post("/sessions/{full}/connect", None, "connect to a dead session"),
    get("/sessions/{full}/jobs/1", "a job of a dead session"),
    post("/sessions/{full}/interrupt", None, "interrupt a dead session"),
    post("/sessions/{full}/stop", None, "stop a dead session"),
    delete("/sessions/{full}", "delete a dead session"),
    delete("/sessions/{full}", "delete it again"),
    post("/sessions", {}, "one more, that never comes up", save="late"),
    get("/sessions/{late}/statements", "statements of a session that starts: no answer before the driver is there", timeout=5),
]

batches_strict = [
    *[post("/batches", None, f"body: {n}", text=t.replace("kind", "name")) for n, t in BODIES],
    post("/batches", {"file": "{files}/good.py"}, "only a file", save="good"),
    post("/batches/", {"file": "{files}/good.py"}, "trailing slash"),
    post("/batches", {"file": "{files}/good.py", "name": "b"}, "with a name"),
    post("/batches", {"file": "{files}/good.py", "name": "b"}, "the name again"),
    get("/batches/b", "by name"),
    *strict("/batches", {}, {"file": [None, "", 1, True, [], {}, *URIS]}),
    *strict("/batches", {"file": "{files}/good.py"}, {"className": STRINGS, "args": [*LISTS, ["a", "b c", "--x"], [1, 2.5, True, None]], **COMMON}),
    *unknown("/batches", {"file": "{files}/good.py"}, ("x", "File", "kind", "ttl", "heartbeatTimeoutInSecond", "code", "id")),
    *[post("/batches", {"file": "{files}/good.py", "conf": c}, f"conf {c}") for c in CONFS],
    *[post("/batches", {"file": "{files}/good.py", f: [u]}, f"{f} [{u}]") for f in ("jars", "files", "pyFiles", "archives") for u in URIS[:7]],
    get("/batches/{good}", "read back"),
    get("/batches?from=0&size=2", "a page"),
    get("/batches/{good}/state", "state"),
    get("/batches/{good}/log?size=x", "log with a bad size"),
    get("/batches/{good}/log?from=-5&size=-5", "log with negative numbers"),
    delete("/batches/{good}", "delete"),
    delete("/batches/{good}", "delete again"),
]

# --- statements ------------------------------------------------------------------------------------------------------------

PYTHON = [
    "1 + 2", "x = 1", "", "   ", "# c", "None", "x\n2\n'a'", "print('a')\nprint('b\\n')\n3", "import sys\nprint('o')\nprint('e', file=sys.stderr)\n5", "for i in range(2):\n    i", "undefined_name",
    "def g():\n    raise ValueError('bad')\n\ng()", "raise KeyError('foo')", "x = 5\n'", "x", "try:\n    raise ValueError('a')\nexcept ValueError as e:\n    raise TypeError('b') from e", "%foo", "%", "% x", "d = [[1, 'a'], [3, 'b']]\n%json d", "%table d",
    "t = [{'b': 1, 'a': 'x'}, {'b': 2, 'a': None}]\n%table t", "t = [[None], [1]]\n%table t", "import datetime, decimal\nt = [[True, 1, 1.5, 's', None, datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5), decimal.Decimal('1.50'), [1, 2]]]\n%table t",
    "%table d\n1+2", "1+2\n%table d", "%json nothing", "%table nothing", "input()", "exit()", "_", "1\n_", "class A:\n    def __repr__(self):\n        return 'an A'\n\nA()", "if True:\n    'inner'", "a = 1; b = 2; a + b", "'\u00e4\u20ac\U0001f600'", "print('no newline', end='')",
    "  1", "def f():\n\treturn 1\nf()", "1/0", "raise Exception('line1\\nline2')", "import warnings\nwarnings.warn('careful')", "print('before')\n1/0", "2", "spark.range(3).collect()", "spark.range(3)", "spark.range(3).show()", "spark.sql('select 1 as a, \\'x\\' as b').toJSON().take(5)",
    "spark.sql('select * from nowhere')", "sc.parallelize([1, 2, 3]).map(lambda x: x * 2).collect()", "sc", "spark.version", "type(sqlContext).__name__", "sorted(k for k in globals() if not k.startswith('__'))", "%matplot plt", "async def h():\n    return 1\n\nh", "b'bytes'", "1+2\r\n3+4\r",
    "%json d\nx = 7", "import math\nv = math.nan\n%json v", "%table  d", "from pyspark.sql import Row\nr = [Row(b=1, a='x')]\n%table r", "n = 5\n%table n", "@", "lambda: 0", "import os\nos.path.basename(os.getcwd()) != ''",
]
PYTHON_KILLERS = ["t = [[1], ['a']]\n%table t", "import decimal\nv = decimal.Decimal('1.5')\n%json v", "t = [[{'a': 1}]]\n%table t", "import os\nos._exit(3)", "%json"]

SCALA = [
    "1 + 2", "val x = 1", "x=1", "", "  ", "// c", "/* c */", "x", "val y = 2\n\nval z = 3\nx + y", "print(1)\nprint(2)", "println(\"a\")\n3", "sc.", "val q = undefinedName", "throw new RuntimeException(\"bad\")", "1/0", "def f(a: Int): Int = {\n  a * 2\n}\nf(4)",
    "case class P(a: Int, b: String)\nP(1, \"x\")", "import scala.collection.mutable", "List(1, 2, 3)", "Map(\"a\" -> 1)", "\"text\"", "null", "()", "None", "Some(1)", "lazy val l = 5", "type T = Int", "object O { val a = 1 }\nO.a", "val (a, b) = (1, 2)", "var v = 1\nv = 2\nv", "1\n2\n3",
    "if (true)\n  1\nelse\n  2", "List(1, 2)\n  .map(_ + 1)", "val n = 5\n%json n", "val t = List(List(1, \"a\"), List(2, \"b\"))\n%table t", "val t2 = List(1, \"a\")\n%table t2", "val m = Map(\"a\" -> 1)\n%json m", "%json nothing", "%foo", "spark.range(3).count()", "spark.range(3)", "spark.range(3).show()",
    "spark.sql(\"select 1 as a\").toJSON.take(5).foreach(println)", "spark.sql(\"select * from nowhere\")", "sc.parallelize(1 to 3).map(_ + 1).collect()", "Seq(1, 2).toDF(\"a\").collect()", "val s: String = 1", "\"\u00e4\u20ac\"", "\"x\" * 2000", "(1 to 500).toList", "spark.version", "sc.master",
    "val i: Int = 1; val j: Int = 2", ":help", "class C { override def toString = \"a C\" }\nnew C", "x match {\n  case 1 => \"one\"\n  case _ => \"other\"\n}", "1 +", "val h = 1 // comment", "{\n1\n}", "1.5f", "'c'", "Array(1.0, 2.0)", "System.err.println(\"to stderr\")", "val u = 1\nundefinedHere\nval w = 2", "w",
]
TYPES = (
    "select true as bo, 1Y as ti, 2S as sm, 3 as i, 4L as l, 1.5F as f, 2.5D as d, 1.50BD as de, cast(1 as decimal(38,18)) as big, 'text' as s, X'0102ff' as bin, date'2020-01-02' as da, timestamp'2020-01-02 03:04:05.678' as ts, "
    "null as n, array(1, 2, null) as a, map('k', 1) as m, named_struct('x', 1, 'y', 'z') as st"
)
SQL = [
    "select 1 as a, 'x' as b", "select 1", TYPES, "select timestamp_ntz'2020-01-02 03:04:05' as ts", "select interval '1' day as i", "select interval '1-2' year to month as i", "select make_interval(1,2,3,4,5,6,7) as i", "select map(1, 'a', 2, 'b') as m", "select array(named_struct('a', 1), null) as x",
    "select array(array(1), array()) as x", "select map('k', array(1)) as m", "select double('NaN') as a, double('Infinity') as b, -double('Infinity') as c", "select float('NaN') as a", "select 9223372036854775807 as l, 9007199254740993 as m", "select 12345678901234567890123456789012345678BD as d", "select 0.1BD as d, 1e10D as e, 1e-7D as g, 100.0D as h, 1.0F as f, 0.1F as g2, 123456789.0D as k",
    "select cast('a' as char(5)) as c, cast('b' as varchar(5)) as v", "select date'0001-01-01' as d, date'9999-12-31' as e, date'1582-10-15' as f", "select timestamp'1970-01-01 00:00:00' as t, timestamp'0001-01-01 00:00:00' as u, timestamp'9999-12-31 23:59:59.999999' as v, timestamp'2020-06-01 12:00:00.123456' as w", "select array(date'2020-01-02') as d, array(1.5BD) as e, array(timestamp'2020-01-02 03:04:05') as f",
    "select named_struct('d', date'2020-01-02', 'e', 1.5BD) as s", "select array(X'01') as b", "select id, id % 2 = 0 as even from range(3)", "select id from range(1500)", "select * from values (1, 'a'), (2, null) as t(a, b)", "select * from values (1) as t(a) where a > 5", "select 1 as a, 2 as a", "select 1 as `a b`, 2 as `\u00e4`", "select '\u00e4\u20ac\U0001f600' as s, 'line\nbreak' as t, '\"q\"' as q",
    "create temporary view tv as select 1 as a", "show tables", "select * from tv", "describe tv", "create database if not exists d1", "show databases", "use d1", "use default", "drop database d1", "set spark.sql.shuffle.partitions", "set spark.sql.shuffle.partitions=3", "create table pt (a int, b string) using parquet", "insert into pt values (1, 'x'), (2, 'y')", "select * from pt order by a", "select count(*) from pt", "drop table pt", "drop view tv", "explain select 1", "show functions like 'abs'",
    "select * from nowhere", "selec 1", "select", "", "   ", "-- c", "select 1;", "select 1; select 2", "select 1/0", "select nocolumn", "select cast('x' as int)", "select assert_true(false)", "select raise_error('boom')", "select id from range(3) limit 0", "select struct() as e", "select 1 as a union all select 2 order by a", "values (1, 2)", "cache table ct as select 1 as a", "with c as (select 1 as a) select * from c", "select current_database() as d", "select parse_json('{}')",
]


def run(codes, session, kind=None):
    for code in codes:
        body = {"code": code} if kind is None else {"code": code, "kind": kind}
        yield post(f"/sessions/{{{session}}}/statements", body, f"post: {code}", save="st")
        yield until(f"/sessions/{{{session}}}/statements/{{st}}", FINAL, f"result: {code}")


def session(kind, save="s", **more):
    return [post("/sessions", {"kind": kind, **more}, f"create {kind}", save=save), until(f"/sessions/{{{save}}}", SETTLED, f"{kind} is idle", within=120)]


python = [
    *session("pyspark"), *run(PYTHON, "s"),
    get("/sessions/{s}", "the session is idle after errors"),
    *run(PYTHON_KILLERS[:1], "s"),
    get("/sessions/{s}", "the session after its interpreter died"),
    post("/sessions/{s}/statements", {"code": "1"}, "a statement after the interpreter died", save="st"),
    {"sleep": 3},
    get("/sessions/{s}/statements/{st}", "its result"),
    post("/sessions/{s}/statements", {"code": "1", "kind": "sql"}, "sql after the interpreter died", save="st"),
    {"sleep": 3},
    get("/sessions/{s}/statements/{st}", "its sql result"),
    get("/sessions/{s}/state", "state in the end"),
    delete("/sessions/{s}", "delete"),
    *session("pyspark", "n"),
    post("/sessions/{n}/statements", {"code": None}, "null code", save="st"), until("/sessions/{n}/statements/{st}", FINAL, "null code, result"), get("/sessions/{n}/state", "state after null code"), delete("/sessions/{n}", "delete after null code"),
    *[e for i, code in enumerate(PYTHON_KILLERS[1:], 1) for e in (*session("pyspark", f"k{i}"), *run([code], f"k{i}"), get(f"/sessions/{{k{i}}}/state", f"state after: {code}"), delete(f"/sessions/{{k{i}}}", f"delete {i}"))],
]
scala = [*session("spark"), *run(SCALA, "s"), *[
    post("/sessions/{s}/completion", {"code": c, "kind": k, "cursor": n}, f"completion of {c} in {k} at {n}") for c, k, n in (
        ("sc.par", "spark", 6), ("sc.", "spark", 3), ("\"abc\".cha", "spark", 9), ("nothingLikeThis", "spark", 15), ("", "spark", 0), ("sc.par", "spark", 100), ("sc.par", "spark", -1), ("sc.par", "pyspark", 6), ("sc.par", "sql", 6), ("sc.par", "scala", 6), ("sc.par", "x", 6), ("sc.par", "shared", 6))],
    get("/sessions/{s}", "idle in the end"), delete("/sessions/{s}", "delete")]
sql = [*session("sql"), *run(SQL, "s"), get("/sessions/{s}", "idle in the end"), delete("/sessions/{s}", "delete")]

STATEMENT_BODIES = [
    {"code": 1}, {"code": True}, {"code": None}, {"code": []}, {"code": {}}, {"code": ""}, {}, {"kind": "spark"}, {"code": "1", "kind": "scala"}, {"code": "1", "kind": "python"}, {"code": "1", "kind": "x"}, {"code": "1", "kind": ""}, {"code": "1", "kind": None}, {"code": "1", "kind": 1},
    {"code": "1", "kind": "SQL"}, {"code": "1", "kind": "shared"}, {"code": "1", "x": 1}, {"code": "1", "id": 5}, {"code": "1", "cursor": 1}, {"Code": "1"},
    *[{"code": c, "kind": "pyspark"} for c in (1, 1.50, True, "")], {"code": None, "kind": "sql"}, {"code": None, "kind": "spark"}, {"code": "1", "kind": "sparkr"}, {"code": "1", "kind": "r"}, {"code": "1", "kind": "pyspark", "msg_type": "x"}, {"code": "1", "kind": "pyspark", "msg_type": "execute_request"}, {"code": "1", "kind": "pyspark", "msg_type": None},
]
COMPLETION_BODIES = [{}, {"code": "1"}, {"code": "1", "kind": "spark"}, {"code": "1", "kind": "spark", "cursor": "1"}, {"code": "1", "kind": "spark", "cursor": "x"}, {"code": "1", "kind": "spark", "cursor": None}, {"code": "1", "kind": None, "cursor": 1}, {"kind": "spark", "cursor": 1}, {"code": "1", "kind": "spark", "cursor": 1, "x": 1}, {"code": 1, "kind": "spark", "cursor": 1.5}]

shared = [
    *session("shared", name="sh"),
    get("/sessions", "list"), get("/sessions/sh", "by name"), get("/sessions/{s}/state", "state"), get("/sessions/{s}/log", "log"), *[get(f"/sessions/{{s}}/log?{q}", f"log {q}") for q in ("size=2", "from=0&size=2", "size=-1", "from=-1", "from=99999", "from=x", "size=0")],
    get("/sessions/{s}/statements", "no statements yet"), get("/sessions/{s}/statements/0", "no statement 0 yet"), get("/sessions/{s}/statements/x", "statement x"),
    post("/sessions/{s}/statements", {"code": "1"}, "no kind in a shared session"),
    *run(["spark.range(2).createOrReplaceTempView(\"v\")"], "s", "spark"), *run(["select * from v"], "s", "sql"), *run(["spark.table('v').count()", "x = 1"], "s", "pyspark"),
    *[post("/sessions/{s}/statements", b, f"statement {b}") for b in STATEMENT_BODIES],
    *[post("/sessions/{s}/statements", None, f"statement body: {n}", text=t.replace("kind", "code")) for n, t in BODIES],
    post("/sessions/{s}/statements/", {"code": "1", "kind": "spark"}, "trailing slash"),
    post("/sessions/sh/statements", {"code": "1", "kind": "spark"}, "by the session's name"),
    *[post("/sessions/{s}/completion", b, f"completion {b}") for b in COMPLETION_BODIES],
    post("/sessions/{s}/completion", None, "completion without a body", text=""),
    {"sleep": 5},
    until("/sessions/{s}", SETTLED, "idle again"),
    *[get(f"/sessions/{{s}}/statements?{q}", f"statements {q}") for q in ("size=2", "from=1&size=1", "from=-1", "size=-1", "size=0", "from=999", "size=1&order=desc", "size=1&order=DESC", "size=1&order=%20desc", "size=1&order=asc", "size=1&order=x", "from=x", "size=x", "order=", "from=1&size=2&order=desc")],
    get("/sessions/{s}/statements/0", "statement 0"), step("head statement", "HEAD", "/sessions/{s}/statements/0"), step("head session", "HEAD", "/sessions/{s}"), get("/sessions/{s}/statements/0/", "statement 0, slash"), get("/sessions/{s}/statements/9999", "statement 9999"), get("/sessions/{s}/statements/-1", "statement -1"), get("/sessions/{s}/statements/99999999999", "statement 99999999999"),
    post("/sessions/{s}/statements/0/cancel", None, "cancel a finished statement"), post("/sessions/{s}/statements/9999/cancel", None, "cancel an unknown statement"), post("/sessions/{s}/statements/0/cancel", {}, "cancel with an object"), post("/sessions/{s}/statements/0/cancel", None, "cancel with nonsense", text="nonsense"), post("/sessions/{s}/statements/x/cancel", None, "cancel x"),
    delete("/sessions/{s}/statements/0", "delete a statement"),
    post("/sessions/{s}/statements", {"code": "sc.parallelize(1 to 2, 2).map { x => Thread.sleep(60000); x }.count()", "kind": "spark"}, "a slow statement", save="slow"),
    post("/sessions/{s}/statements", {"code": "1 + 1", "kind": "pyspark"}, "one queued behind it", save="queued"),
    post("/sessions/{s}/statements", {"code": "select 5", "kind": "sql"}, "another queued behind it", save="third"),
    {"sleep": 3},
    get("/sessions/{s}", "busy"), get("/sessions/{s}/statements/{slow}", "it runs"), get("/sessions/{s}/statements/{queued}", "it waits"),
    post("/sessions/{s}/statements/{queued}/cancel", {}, "cancel the one that waits"), get("/sessions/{s}/statements/{queued}", "it is cancelled"),
    post("/sessions/{s}/statements/{slow}/cancel", {}, "cancel the one that runs"), until("/sessions/{s}/statements/{slow}", FINAL, "it is cancelled at last"), until("/sessions/{s}/statements/{third}", FINAL, "the third has run"), get("/sessions/{s}/statements/{queued}", "the cancelled one stays cancelled"),
    until("/sessions/{s}", SETTLED, "idle after cancelling"),
    post("/sessions/{s}/statements", {"code": "import time\ntime.sleep(8)\n'slept'", "kind": "pyspark"}, "a sleep of Python", save="slow"), {"sleep": 2},
    post("/sessions/{s}/statements/{slow}/cancel", {}, "cancel the sleep"), get("/sessions/{s}/statements/{slow}", "cancelling"), until("/sessions/{s}/statements/{slow}", FINAL, "the sleep ends cancelled"),
    post("/sessions/{s}/connect", None, "connect"), post("/sessions/{s}/connect", {}, "connect with an object"),
    post("/sessions/{s}/statements", {"code": "1\r\n2\r3", "kind": "pyspark"}, "carriage returns", save="st"), until("/sessions/{s}/statements/{st}", FINAL, "carriage returns, result"),
    *[post("/sessions/{s}/statements", {"code": str(n), "kind": "pyspark"}, f"filler {n}", save="last") for n in range(105)],
    until("/sessions/{s}/statements/{last}", FINAL, "the last filler"), get("/sessions/{s}/statements/0", "statement 0 is evicted"), get("/sessions/{s}/statements?size=1", "the first that is kept"),
    post("/sessions/{s}/interrupt", None, "interrupt"), get("/sessions/{s}", "after interrupt"), get("/sessions/{s}/statements", "statements after interrupt"), get("/sessions", "list after interrupt"), delete("/sessions/{s}", "delete after interrupt"),
    *session("sql", "t"), post("/sessions/{t}/stop", None, "stop"), get("/sessions/{t}", "after stop"), get("/sessions/{t}/state", "state after stop"), delete("/sessions/{t}", "delete after stop"), delete("/sessions/{t}", "delete once more"),
    post("/sessions", {"kind": "pyspark"}, "create to delete at once", save="u"), delete("/sessions/{u}", "delete while starting"), get("/sessions/{u}", "gone"),
]

jobs = [
    *session("pyspark"),
    *[post("/sessions/{s}/submit-job", b, f"job {n}") for n, b in (
        ("empty object", {}), ("empty job", {"job": "", "jobType": "pyspark"}), ("null job", {"job": None, "jobType": "pyspark"}), ("no job", {"jobType": "pyspark"}), ("bad base64", {"job": "%%%", "jobType": "pyspark"}), ("number", {"job": 5, "jobType": "pyspark"}), ("array of bytes", {"job": [1, 2], "jobType": "pyspark"}),
        ("unknown field", {"job": "AAAA", "jobType": "pyspark", "x": 1}), ("unknown type", {"job": "AAAA", "jobType": "x"}), ("null type", {"job": "AAAA", "jobType": None}), ("no type", {"job": "AAAA"}))],
    *[e for n, j in (("add", JOB_ADD), ("sum", JOB_SUM), ("fail", JOB_FAIL), ("attributes", JOB_ATTRS), ("nonsense", "AAAA")) for e in (
        post("/sessions/{s}/submit-job", {"job": j, "jobType": "pyspark"}, f"submit {n}", save="j"), until("/sessions/{s}/jobs/{j}", ["SUCCEEDED", "FAILED", "CANCELLED"], f"result of {n}"))],
    post("/sessions/{s}/run-job", {"job": JOB_ADD, "jobType": "pyspark"}, "run add", save="j"), until("/sessions/{s}/jobs/{j}", ["SUCCEEDED", "FAILED", "CANCELLED"], "result of run add"),
    post("/sessions/{s}/run-job", {"job": "AAAA", "jobType": "spark"}, "run nonsense as spark", save="j"), until("/sessions/{s}/jobs/{j}", ["SUCCEEDED", "FAILED", "CANCELLED"], "result of nonsense as spark"),
    post("/sessions/{s}/submit-job", {"job": JOB_SLOW, "jobType": "pyspark"}, "submit slow", save="slow"), {"sleep": 1}, get("/sessions/{s}/jobs/{slow}", "slow runs"), post("/sessions/{s}/jobs/{slow}/cancel", None, "cancel slow"), get("/sessions/{s}/jobs/{slow}", "slow after cancel"), post("/sessions/{s}/jobs/{slow}/cancel", {}, "cancel slow again"),
    get("/sessions/{s}/jobs/999", "unknown job"), get("/sessions/{s}/jobs/x", "job x"), post("/sessions/{s}/jobs/999/cancel", None, "cancel an unknown job"), get("/sessions/{s}/jobs", "jobs without an id"),
    get("/sessions/{s}", "the session's state"),
    *[post(f"/sessions/{{s}}/{p}", None, f"{p}: {n}", parts=[{"name": part, "filename": f, "content": c}]) for p, n, part, f, c in (
        ("upload-file", "good", "file", "up.txt", "uploaded\n"), ("upload-file", "again", "file", "up.txt", "uploaded twice\n"), ("upload-pyfile", "good", "file", "upmodule.py", "answer = 43\n"), ("upload-jar", "wrong part", "file", "a.jar", "x"), ("upload-jar", "not a jar", "jar", "a.jar", "x"), ("upload-file", "wrong part", "jar", "a.txt", "x"), ("upload-pyfile", "wrong part", "pyfile", "a.py", "x"), ("upload-file", "path in the name", "file", "../up2.txt", "x"))],
    post("/sessions/{s}/upload-file", None, "upload without a body"), post("/sessions/{s}/upload-jar", {}, "upload of json"), post("/sessions/{s}/upload-pyfile", None, "upload of nonsense", text="x", headers={"Content-Type": "multipart/form-data; boundary=x"}),
    *[post(f"/sessions/{{s}}/{p}", b, f"{p} {b}") for p in ("add-file", "add-pyfile", "add-jar") for b in ({}, {"uri": None}, {"uri": ""}, {"uri": 1}, {"uri": "relative.txt"}, {"uri": "/etc/hostname"}, {"uri": "file:///etc/hostname"}, {"uri": "hdfs:///x"}, {"url": "x"}, {"uri": "x", "y": 1})],
    post("/sessions/{s}/add-file", {"uri": "file://{files}/data.txt"}, "add-file good"), post("/sessions/{s}/add-pyfile", {"uri": "file://{files}/module.py"}, "add-pyfile good"), {"sleep": 2},
    *run(["from pyspark import SparkFiles\nopen(SparkFiles.get('data.txt')).read()", "import upmodule\nupmodule.answer", "import module\nmodule.answer", "open(SparkFiles.get('up.txt')).read()"], "s"),
    delete("/sessions/{s}", "delete"),
]

batches = [
    post("/batches", {"file": "{files}/good.py", "args": ["a", "b c"], "name": "good"}, "create good", save="b"), until("/batches/{b}", ENDED, "good ends"), get("/batches/{b}/log", "log of good"), get("/batches/good/log?size=-1", "whole log of good"), get("/batches/{b}/state", "state of good"),
    post("/batches", {"file": "{files}/spark.py"}, "create spark", save="sp"), until("/batches/{sp}", ENDED, "spark ends"), get("/batches/{sp}/log?size=5", "log of spark"),
    post("/batches", {"file": "{files}/fails.py"}, "create fails", save="f"), until("/batches/{f}", ENDED, "fails ends"),
    post("/batches", {"file": "{files}/missing.py"}, "create missing", save="m"), until("/batches/{m}", ENDED, "missing ends"),
    post("/batches", {"file": "{files}/x.jar", "className": "no.Such"}, "create a class that is missing", save="c"), until("/batches/{c}", ENDED, "the missing class ends"),
    post("/batches", {"file": "{files}/sleeps.py"}, "create sleeps", save="z"), {"sleep": 6}, get("/batches/{z}", "sleeps runs"), step("head batch", "HEAD", "/batches/{z}"), step("head batches", "HEAD", "/batches"), get("/batches?from=1&size=2", "a page"), get("/batches", "all"), delete("/batches/{z}", "delete while running"), get("/batches/{z}", "gone"), delete("/batches/{z}", "delete again"),
    get("/sessions/{b}", "a batch is not a session"), delete("/batches/good", "delete by name"), get("/batches/good", "gone by name"),
]

WITH = {"X-Requested-By": "livy"}
csrf = [
    *[step(f"{m} without the header", m, "/sessions") for m in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")],
    post("/sessions", {"kind": "sql"}, "create without the header"), post("/sessions", {"kind": "sql"}, "create with an empty header", headers={"X-Requested-By": ""}), post("/sessions", {"kind": "sql"}, "create with the header", headers=WITH), post("/sessions", {"kind": "sql"}, "create too many", headers=WITH), post("/batches", {"file": "{files}/good.py"}, "create too many, a batch", headers=WITH),
    post("/sessions", {"kind": "x"}, "create a bad one with the header", headers=WITH), delete("/sessions/0", "delete without the header"), delete("/sessions/0", "delete with the header", headers={"x-requested-by": "x"}), post("/nothing", {}, "unknown path without the header"), get("/version", "version"),
]

A, B, R, V, M, X = ("user.name=alice", "user.name=bob", "user.name=root", "user.name=viewer", "user.name=modifier", "user.name=stranger")
users = [
    get("/sessions", "no user"), get(f"/sessions?{X}", "a stranger"), get(f"/sessions?{A}", "alice"), get(f"/version?{X}", "version for a stranger"), get("/version", "version for nobody"),
    post(f"/sessions?{A}", {"kind": "sql", "name": "hers"}, "alice creates", save="a"), post(f"/sessions?{A}", {"kind": "sql", "proxyUser": "bob"}, "alice as bob"), post(f"/sessions?{A}&doAs=bob", {"kind": "sql"}, "alice doAs bob"), post(f"/sessions?{A}&doAs=alice", {"kind": "sql"}, "alice doAs alice"),
    post(f"/sessions?{R}", {"kind": "sql", "proxyUser": "bob"}, "root as bob"), post(f"/sessions?{R}&doAs=carol", {"kind": "sql", "proxyUser": "bob"}, "root doAs carol, proxyUser bob"), post(f"/batches?{A}", {"file": "{files}/good.py", "proxyUser": "bob"}, "alice's batch as bob"), post(f"/batches?{A}", {"file": "{files}/good.py"}, "alice's batch", save="b"),
    *[get(f"/sessions/{{a}}?{u}", f"{u} reads") for u in (A, B, R, V, M)], *[get(f"/sessions/{{a}}/state?{u}", f"{u} reads the state") for u in (A, B)], *[get(f"/sessions/{{a}}/log?{u}", f"{u} reads the log") for u in (A, B, V)], get(f"/sessions?{B}", "bob lists"), get(f"/sessions/{{a}}/statements?{B}", "bob reads statements"),
    post(f"/sessions/{{a}}/statements?{B}", {"code": "1"}, "bob posts a statement"), post(f"/sessions/{{a}}/statements?{V}", {"code": "1"}, "viewer posts a statement"), delete(f"/sessions/{{a}}?{B}", "bob deletes"), delete(f"/sessions/{{a}}?{V}", "viewer deletes"), get(f"/sessions/{{a}}/log?{B}&doAs=alice", "bob doAs alice reads the log"), get(f"/sessions/{{a}}/log?{R}&doAs=bob", "root doAs bob reads the log"), get(f"/sessions?{B}&doAs=alice", "bob doAs alice lists"),
    get(f"/batches/{{b}}?{B}", "bob reads the batch"), get(f"/batches/{{b}}/log?{B}", "bob reads the batch's log"), delete(f"/batches/{{b}}?{B}", "bob deletes the batch"), post(f"/sessions/hers/interrupt?{B}", None, "bob interrupts"), delete(f"/sessions/{{a}}?{M}", "modifier deletes"),
]

SCENARIOS = {
    "server": ("stub", server), "sessions-strict": ("stub", sessions_strict), "batches-strict": ("stub", batches_strict), "csrf": ("csrf", csrf), "users": ("users", users),
    "batches": ("plain", batches), "sql": ("plain", sql), "scala": ("plain", scala), "python": ("plain", python), "shared": ("plain", shared), "jobs": ("plain", jobs),
}
