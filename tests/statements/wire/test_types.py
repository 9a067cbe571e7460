"""One row of every type: what the manifest says of it, and its value in JSON, Arrow and CSV."""

import csv
import datetime
import io
from decimal import Decimal

import pyarrow as pa
import pytest
from harness.statements import SESSIONS, WAREHOUSE, arrow, fetch

LINKS = {"disposition": "EXTERNAL_LINKS"}
MICRO = datetime.timedelta(microseconds=1)

# name: (SQL, type_text, type_name, further manifest fields, JSON text, Arrow type, Python value)
TYPES = {
    "boolean": ("true", "BOOLEAN", "BOOLEAN", {}, "true", pa.bool_(), True),
    "tinyint": ("-7Y", "TINYINT", "BYTE", {}, "-7", pa.int8(), -7),
    "smallint": ("300S", "SMALLINT", "SHORT", {}, "300", pa.int16(), 300),
    "int": ("2147483647", "INT", "INT", {}, "2147483647", pa.int32(), 2147483647),
    "bigint": ("9223372036854775807L", "BIGINT", "LONG", {}, "9223372036854775807", pa.int64(), 9223372036854775807),
    "float": ("1.5F", "FLOAT", "FLOAT", {}, "1.5", pa.float32(), 1.5),
    "double": ("1.0E10D", "DOUBLE", "DOUBLE", {}, "1.0E10", pa.float64(), 1e10),
    "infinite": ("double('-Infinity')", "DOUBLE", "DOUBLE", {}, "-Infinity", pa.float64(), float("-inf")),
    "decimal": ("cast('12.30' as decimal(18, 2))", "DECIMAL(18,2)", "DECIMAL", {"type_precision": 18, "type_scale": 2}, "12.30",
                pa.decimal128(18, 2), Decimal("12.30")),
    "small_decimal": ("cast('1E-10' as decimal(38, 18))", "DECIMAL(38,18)", "DECIMAL", {"type_precision": 38, "type_scale": 18},
                      "0.000000000100000000", pa.decimal128(38, 18), Decimal("0.000000000100000000")),
    "string": ("' a \"b\", c '", "STRING", "STRING", {}, ' a "b", c ', pa.string(), ' a "b", c '),
    "empty": ("''", "STRING", "STRING", {}, "", pa.string(), ""),
    "binary": ("X'00ff10'", "BINARY", "BINARY", {}, "AP8Q", pa.binary(), b"\x00\xff\x10"),
    "date": ("date'2021-01-02'", "DATE", "DATE", {}, "2021-01-02", pa.date32(), datetime.date(2021, 1, 2)),
    "timestamp": ("timestamp'2021-01-02 10:00:00.123Z'", "TIMESTAMP", "TIMESTAMP", {}, "2021-01-02T10:00:00.123Z",
                  pa.timestamp("us", "UTC"), datetime.datetime(2021, 1, 2, 10, 0, 0, 123000, datetime.timezone.utc)),
    "timestamp_ntz": ("timestamp_ntz'2021-01-02 10:00:00'", "TIMESTAMP_NTZ", "TIMESTAMP_NTZ", {}, "2021-01-02T10:00:00.000",
                      pa.timestamp("us"), datetime.datetime(2021, 1, 2, 10)),
    "array": ("array(1, null, 3)", "ARRAY<INT>", "ARRAY", {}, '["1",null,"3"]', pa.list_(pa.int32()), [1, None, 3]),
    "map": ("map(1, 'one')", "MAP<INT, STRING>", "MAP", {}, '{"1":"one"}', pa.map_(pa.int32(), pa.string()), [(1, "one")]),
    "struct": ("named_struct('street', 'A \"b\"', 'zip', 7)", "STRUCT<street: STRING, zip: INT>", "STRUCT", {},
               '{"street":"A \\"b\\"","zip":"7"}', pa.struct([("street", pa.string()), ("zip", pa.int32())]), {"street": 'A "b"', "zip": 7}),
    "nested": ("array(named_struct('d', date'2021-01-02', 'b', true, 'm', map('k', array(1.5))))",
               "ARRAY<STRUCT<d: DATE, b: BOOLEAN, m: MAP<STRING, ARRAY<DECIMAL(2,1)>>>>", "ARRAY", {},
               '[{"d":"2021-01-02","b":"true","m":{"k":["1.5"]}}]', None,
               [{"d": datetime.date(2021, 1, 2), "b": True, "m": [("k", [Decimal("1.5")])]}]),
    "void": ("null", "VOID", "NULL", {}, None, pa.null(), None),
    "null_int": ("cast(null as int)", "INT", "INT", {}, None, pa.int32(), None),
    "year_month": ("interval '100-2' year to month", "INTERVAL YEAR TO MONTH", "INTERVAL", {"type_interval_type": "YEAR TO MONTH"},
                   "INTERVAL '100-2' YEAR TO MONTH", None, None),
    "year": ("interval '3' year", "INTERVAL YEAR", "INTERVAL", {"type_interval_type": "YEAR"}, "INTERVAL '3' YEAR", None, None),
    "month": ("interval '3' month", "INTERVAL MONTH", "INTERVAL", {"type_interval_type": "MONTH"}, "INTERVAL '3' MONTH", None, None),
    "day_time": ("interval '1 02:03:04.5' day to second", "INTERVAL DAY TO SECOND", "INTERVAL", {"type_interval_type": "DAY TO SECOND"},
                 "INTERVAL '1 02:03:04.5' DAY TO SECOND", pa.duration("us"), datetime.timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
    "day": ("interval '-3' day", "INTERVAL DAY", "INTERVAL", {"type_interval_type": "DAY"}, "INTERVAL '-3' DAY",
            pa.duration("us"), datetime.timedelta(days=-3)),
    "hour_second": ("interval '01:02:03' hour to second", "INTERVAL HOUR TO SECOND", "INTERVAL", {"type_interval_type": "HOUR TO SECOND"},
                    "INTERVAL '01:02:03' HOUR TO SECOND", pa.duration("us"), datetime.timedelta(hours=1, minutes=2, seconds=3)),
}
QUERY = "select " + ", ".join(f"{row[0]} as {name}" for name, row in TYPES.items())
NAMES = list(TYPES)


@pytest.fixture(scope="module")
def inline(rest):
    return rest.run(QUERY)


@pytest.fixture(scope="module")
def table(rest):
    answer = rest.run(QUERY, format="ARROW_STREAM", **LINKS)
    return arrow(fetch(answer["result"]["external_links"][0]))


@pytest.fixture(scope="module")
def csv_rows(rest):
    answer = rest.run(QUERY, format="CSV", **LINKS)
    return list(csv.reader(io.StringIO(fetch(answer["result"]["external_links"][0]).decode(), newline="")))


@pytest.mark.parametrize("name", NAMES)
def test_manifest(inline, name):
    _, type_text, type_name, more, *_ = TYPES[name]
    position = NAMES.index(name)
    assert inline["manifest"]["schema"]["columns"][position] == {
        "name": name, "type_text": type_text, "type_name": type_name, "position": position, **more}


@pytest.mark.parametrize("name", NAMES)
def test_json(inline, name):
    assert inline["result"]["data_array"][0][NAMES.index(name)] == TYPES[name][4]


@pytest.mark.parametrize("name", NAMES)
def test_arrow(table, name):
    kind, value = TYPES[name][5:]
    field = table.schema.field(NAMES.index(name))
    column = table.column(NAMES.index(name))
    assert field.name == name
    if kind is not None:
        if pa.types.is_map(kind) or pa.types.is_list(kind) or pa.types.is_struct(kind):
            assert field.type.id == kind.id
        else:
            assert field.type == kind
    if name in ("year_month", "year", "month"):
        # pyarrow has the type, but no arrays of it.
        assert str(field.type) == "month_interval", field.type
    else:
        assert column.to_pylist() == [value]


@pytest.mark.parametrize("name", NAMES)
def test_csv(csv_rows, name):
    header, row = csv_rows
    expected = TYPES[name][4]
    assert header == NAMES
    assert row[NAMES.index(name)] == ("null" if expected is None else expected)


def test_not_a_number_and_other_spellings(rest):
    assert rest.rows("select double('NaN'), float('Infinity'), 1e-5D, 0.1F, 100D, -0.0D, 1.0E7D, 123456789.0D") == [
        ["NaN", "Infinity", "1.0E-5", "0.1", "100.0", "-0.0", "1.0E7", "1.23456789E8"]]


def test_char_and_varchar_are_strings(rest, schema):
    rest.rows(f"create table {schema}.t (c char(5), v varchar(9))")
    rest.rows(f"insert into {schema}.t values ('ab', 'cd')")
    answer = rest.run(f"select * from {schema}.t")
    assert [(c["type_text"], c["type_name"]) for c in answer["manifest"]["schema"]["columns"]] == [("STRING", "STRING")] * 2
    assert answer["result"]["data_array"][0][1] == "cd"


def test_char_is_padded(rest, schema):
    rest.rows(f"create table {schema}.t (c char(5))")
    rest.rows(f"insert into {schema}.t values ('ab')")
    assert rest.rows(f"select * from {schema}.t") == [["ab   "]]


@pytest.mark.parametrize("text,expected", [
    ("timestamp'1900-01-01 00:00:00Z'", "1900-01-01T00:00:00.000Z"), ("timestamp'2021-06-01 12:34:56.789012Z'", "2021-06-01T12:34:56.789012Z"),
    ("timestamp'9999-12-31 23:59:59Z'", "9999-12-31T23:59:59.000Z"), ("timestamp_ntz'1969-12-31 23:59:59.999'", "1969-12-31T23:59:59.999")])
def test_timestamps_in_json(rest, text, expected):
    [[value]] = rest.rows(f"select {text}")
    assert value.startswith(expected.removesuffix("Z")) and value.endswith("Z") == expected.endswith("Z")


def test_timestamps_in_the_session_zone(rest):
    session = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE, "session_confs": {"timezone": "America/Los_Angeles"}}).json["session_id"]
    query = "select timestamp'2021-01-01 10:00:00' as t, timestamp'2021-07-01 10:00:00' as u"
    assert rest.rows(query, session_id=session) == [["2021-01-01T10:00:00.000-08:00", "2021-07-01T10:00:00.000-07:00"]]
    answer = rest.run(query, session_id=session, format="ARROW_STREAM", wait_timeout="10s", **LINKS)
    data = arrow(fetch(answer["result"]["external_links"][0]))
    assert data.column("t").cast(pa.int64()).to_pylist() == [1609524000000000]
    assert data.schema.field("t").type.tz in ("America/Los_Angeles", "UTC")


def test_not_null_columns(rest):
    answer = rest.run("select id, cast(null as int) as n from range(1)", format="ARROW_STREAM", **LINKS)
    schema = arrow(fetch(answer["result"]["external_links"][0])).schema
    assert [f.nullable for f in schema] == [False, True]


def test_names_of_expressions_are_sparks(rest):
    answer = rest.run("select cast(null as double), count(1), 1 + 1, 'a', null from range(3)")
    assert [c["name"] for c in answer["manifest"]["schema"]["columns"]] == ["CAST(NULL AS DOUBLE)", "count(1)", "(1 + 1)", "a", "NULL"]
