"""Options of readers: CSV, JSON, XML, text, parquet and ORC files, partitions in the names of folders, which files are read."""

import json
import os
import re

import pyspark.sql.functions as F
from harness.cases import Cases
from pyspark.errors import PySparkException

cases = Cases("reading", since=(4, 2))
add = cases.add


def put(path, name, text):
    full = os.path.join(path, name)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as handle:
        handle.write(text if isinstance(text, bytes) else text.encode())
    return full


def told(error, path):
    """The condition of an error, or its class alone where it has none: texts are everybody's own."""
    if (getattr(error, "getCondition", None) or error.getErrorClass)() is None:
        return "error " + type(error).__name__
    parameters = error.getMessageParameters() or {}
    hidden = {key: re.sub(r"part-[^/\"]*", "part-FILE", value.replace(path, "PATH")) for key, value in sorted(parameters.items())}
    for key in ("distinctPartColLists", "suspiciousPaths", "discoveredBasePaths"):
        if key in hidden:
            hidden[key] = sorted(re.sub(r"#\d+", "#n", line.strip()) for line in hidden[key].splitlines() if line.strip())
    return f"error {(getattr(error, 'getCondition', None) or error.getErrorClass)()} {error.getSqlState() or '-'} {json.dumps(hidden, ensure_ascii=False)}"


def says(path, program):
    """What a program fails with, without the folder of the test."""
    try:
        found = program()
    except PySparkException as error:
        return told(error, path)
    except Exception as error:
        return f"{type(error).__name__} {error}".replace(path, "PATH")
    return f"no error: {found}"


def rows(frame):
    return frame.schema.simpleString() + " " + str(sorted(str(tuple(row)) for row in frame.collect()))


def tried(path, program):
    """The rows of a frame, or what it fails with."""
    try:
        return rows(program()).replace(path, "PATH")
    except PySparkException as error:
        return told(error, path)


# CSV.


@add
def csv_enforce_schema(s, path):
    put(path, "a.csv", "a,b\n1,x\n")
    read = s.read.schema("b int, a string").option("header", True)
    return [tried(path, lambda: read.csv(path)), tried(path, lambda: read.option("enforceSchema", False).csv(path)),
            tried(path, lambda: s.read.schema("A int, B string").options(header=True, enforceSchema=False).csv(path)),
            tried(path, lambda: s.read.schema("A int").options(header=True, enforceSchema=False).csv(path))]


@add
def csv_limits(s, path):
    put(path, "a.csv", "1,2,3\n")
    put(path, "b/a.csv", "abcdefghij,2\n")
    return [tried(path, lambda: s.read.csv(path + "/a.csv", maxColumns=2)), tried(path, lambda: s.read.csv(path + "/b", maxCharsPerColumn=5)),
            tried(path, lambda: s.read.schema("a string, b string").csv(path + "/b", maxCharsPerColumn=5))]


@add
def csv_corrupt_column_names(s, path):
    put(path, "a.csv", "1,a\nx,b\n3\n4,d,e\n")
    read = s.read.schema("n int, t string, bad string").option("columnNameOfCorruptRecord", "bad")
    return [tried(path, lambda: read.csv(path)), tried(path, lambda: read.option("mode", "DROPMALFORMED").csv(path)),
            tried(path, lambda: read.csv(path).select("bad")), tried(path, lambda: read.csv(path).select("n")),
            tried(path, lambda: s.read.schema("n int, bad int").option("columnNameOfCorruptRecord", "bad").csv(path))]


@add
def csv_modes(s, path):
    put(path, "a.csv", "1,a\nx,b\n")
    read = s.read.schema("n int, t string")
    return [tried(path, lambda: read.csv(path, mode=mode)) for mode in ("permissive", "DropMalformed", "failfast", "nonsense")]


@add
def csv_quotes(s, path):
    put(path, "a.csv", "'a,b',\"c\"\n'it''s',x\n'e\\'f',y\n")
    return [tried(path, lambda: s.read.csv(path, quote="'")), tried(path, lambda: s.read.csv(path, quote="")), tried(path, lambda: s.read.csv(path, quote="'", escape="'")),
            tried(path, lambda: s.read.csv(path, quote="ab")), tried(path, lambda: s.read.csv(path, sep="")), tried(path, lambda: s.read.csv(path, comment="##"))]


@add
def csv_escapes(s, path):
    put(path, "a.csv", '"a\\"b",1\n"a\\\\",2\n"a""b",3\na"b,4\n"x" ,5\n')
    return [tried(path, lambda: s.read.csv(path)), tried(path, lambda: s.read.csv(path, escape='"')), tried(path, lambda: s.read.csv(path, charToEscapeQuoteEscaping="\\"))]


@add
def csv_separators(s, path):
    put(path, "a.csv", "a||b||c\n1||2||3\n")
    put(path, "b/a.csv", "a\tb\n1\t2\n")
    return [tried(path, lambda: s.read.csv(path + "/a.csv", sep="||", header=True)), tried(path, lambda: s.read.csv(path + "/b", sep="\\t")), tried(path, lambda: s.read.option("delimiter", "\t").csv(path + "/b"))]


@add
def csv_empty_and_null_values(s, path):
    put(path, "a.csv", 'a,"",,-,NA\n')
    return [tried(path, lambda: s.read.csv(path)), tried(path, lambda: s.read.csv(path, nullValue="-")), tried(path, lambda: s.read.csv(path, emptyValue="EMPTY")),
            tried(path, lambda: s.read.csv(path, nullValue="NA", emptyValue="-")), tried(path, lambda: s.read.schema("a string, b int, c int, d int, e int").csv(path, nullValue="NA"))]


@add
def csv_white_space(s, path):
    put(path, "a.csv", " a , b \n\" c \", 1 \n")
    return [tried(path, lambda: s.read.csv(path)), tried(path, lambda: s.read.csv(path, ignoreLeadingWhiteSpace=True)), tried(path, lambda: s.read.csv(path, ignoreTrailingWhiteSpace=True)),
            tried(path, lambda: s.read.csv(path, header=True, ignoreLeadingWhiteSpace=True, ignoreTrailingWhiteSpace=True, inferSchema=True))]


@add
def csv_line_separators(s, path):
    put(path, "a.csv", "a,1|b,2|c,3")
    put(path, "b/a.csv", "a,1\r\nb,2\rc,3\n")
    return [tried(path, lambda: s.read.csv(path + "/a.csv", lineSep="|")), tried(path, lambda: s.read.csv(path + "/b")), tried(path, lambda: s.read.csv(path + "/b", multiLine=True)),
            tried(path, lambda: s.read.csv(path + "/b", lineSep="abc")), tried(path, lambda: s.read.csv(path + "/b", lineSep=""))]


@add
def csv_headers_of_several_files(s, path):
    put(path, "1.csv", "a,b\n1,2\n")
    put(path, "2.csv", "a,b\n3,4\n")
    put(path, "3.csv", "a,b\n")
    put(path, "4.csv", "")
    return [tried(path, lambda: s.read.csv(path, header=True)), tried(path, lambda: s.read.csv(path, header=True, inferSchema=True)), str(s.read.csv(path, header=True).count())]


@add
def csv_header_names(s, path):
    put(path, "a.csv", "a,A,,b b,a.b,_c0\n1,2,3,4,5,6\n")
    return [tried(path, lambda: s.read.csv(path, header=True)), tried(path, lambda: s.read.csv(path, header=True).select("`a.b`", "`b b`"))]


@add
def csv_multi_line(s, path):
    put(path, "a.csv", 'a,b\n"x\ny",1\n"p\r\nq",2\n')
    return [tried(path, lambda: s.read.csv(path, header=True, multiLine=True)), tried(path, lambda: s.read.csv(path, header=True))]


@add
def csv_inferred_types(s, path):
    put(path, "a.csv", "1,1.0,1e3,99999999999,99999999999999999999,true,2024-01-01,2024-01-01 01:02:03,2024-01-01T01:02:03Z,NaN,abc,,2024-1-2,0x1,1f\n")
    put(path, "b/a.csv", "1,1,1,true,2024-01-01,\n2.5,99999999999,x,1,2024-01-01 00:00:00,\n")
    return [tried(path, lambda: s.read.csv(path + "/a.csv", inferSchema=True)), tried(path, lambda: s.read.csv(path + "/b", inferSchema=True)),
            tried(path, lambda: s.read.csv(path + "/b", inferSchema=True, samplingRatio=0.0001)), tried(path, lambda: s.read.option("preferDate", False).csv(path + "/a.csv", inferSchema=True)),
            tried(path, lambda: s.read.csv(path + "/a.csv", inferSchema=True, samplingRatio=-1.0))]


@add
def csv_inferred_time_zones(s, path):
    put(path, "a.csv", "2024-01-01 01:02:03\n")
    s.conf.set("spark.sql.timestampType", "TIMESTAMP_NTZ")
    ntz = tried(path, lambda: s.read.csv(path, inferSchema=True))
    s.conf.unset("spark.sql.timestampType")
    return [ntz, tried(path, lambda: s.read.csv(path, schema="t timestamp_ntz")), tried(path, lambda: s.read.option("timeZone", "America/Los_Angeles").csv(path, schema="t timestamp"))]


@add
def csv_locale_and_formats(s, path):
    put(path, "a.csv", "01 Okt 2024;1.000,5\n")
    put(path, "b/a.csv", "Oct 1 2024,2024/10/01 10:11,10h\n")
    return [tried(path, lambda: s.read.csv(path + "/a.csv", sep=";", schema="d date, n decimal(10,2)", locale="de", dateFormat="dd MMM yyyy")),
            tried(path, lambda: s.read.csv(path + "/b", schema="d date, t timestamp, x string", dateFormat="MMM d yyyy", timestampFormat="yyyy/MM/dd HH:mm")),
            tried(path, lambda: s.read.csv(path + "/b", schema="d date, t timestamp_ntz", dateFormat="MMM d yyyy").select("d")),
            tried(path, lambda: s.read.option("timestampNTZFormat", "yyyy/MM/dd HH:mm").csv(path + "/b", schema="d string, t timestamp_ntz")),
            tried(path, lambda: s.read.csv(path + "/b", schema="d date, t timestamp", dateFormat="nonsense"))]


@add
def csv_numbers_of_a_schema(s, path):
    put(path, "a.csv", "1,1.5,true,1.25,x\n300,1e2,TRUE,abc,y\nNaN,Inf,no,-1,z\n")
    return [tried(path, lambda: s.read.csv(path, schema="a tinyint, b double, c boolean, d decimal(3,1), e string")), tried(path, lambda: s.read.csv(path, schema="a float, b float", positiveInf="Inf")),
            tried(path, lambda: s.read.csv(path, schema="a string, b string, c string, d string, e binary").select("e"))]


@add
def csv_nested_types_are_refused(s, path):
    put(path, "a.csv", "1\n")
    return [tried(path, lambda: s.read.csv(path, schema="a array<int>")), tried(path, lambda: s.read.csv(path, schema="a struct<x:int>")), tried(path, lambda: s.read.csv(path, schema="a interval day")),
            tried(path, lambda: s.read.csv(path, schema="a variant"))]


@add
def csv_comments(s, path):
    put(path, "a.csv", "#c\na,b\n#d,e\n1,2\n")
    return [tried(path, lambda: s.read.csv(path)), tried(path, lambda: s.read.csv(path, comment="#", header=True))]


@add
def csv_encodings(s, path):
    put(path, "a.csv", "ä,ö\n".encode("latin-1"))
    put(path, "b/a.csv", "ä,ö\n".encode("utf-16"))
    return [tried(path, lambda: s.read.csv(path + "/a.csv", encoding="ISO-8859-1")), tried(path, lambda: s.read.csv(path + "/b", encoding="UTF-16", multiLine=True)), tried(path, lambda: s.read.option("charset", "latin1").csv(path + "/a.csv")),
            tried(path, lambda: s.read.csv(path + "/a.csv", encoding="nonsense"))]


@add
def csv_boolean_options_of_other_texts(s, path):
    put(path, "a.csv", "a,b\n1,2\n")
    return [tried(path, lambda: s.read.option("header", "TRUE").csv(path)), tried(path, lambda: s.read.option("header", "yes").csv(path)), tried(path, lambda: s.read.option("HEADER", "true").csv(path)),
            tried(path, lambda: s.read.option("maxColumns", "x").csv(path)), tried(path, lambda: s.read.option("unescapedQuoteHandling", "BACK_TO_DELIMITER").csv(path)), tried(path, lambda: s.read.option("samplingRatio", "x").option("inferSchema", True).csv(path))]


@add
def csv_unescaped_quotes(s, path):
    put(path, "a.csv", '1,"a"b",x\n')
    return [tried(path, lambda: s.read.csv(path))] + [
        tried(path, lambda: s.read.csv(path, unescapedQuoteHandling=how)) for how in ("STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER", "STOP_AT_DELIMITER", "SKIP_VALUE", "RAISE_ERROR")
    ]


# JSON.


@add
def json_bad_records(s, path):
    put(path, "a.json", '{"a":1}\n{"a":\n{"a":"x"}\n[1]\n\n5\n')
    return [tried(path, lambda: s.read.json(path)), tried(path, lambda: s.read.json(path, mode="DROPMALFORMED")), tried(path, lambda: s.read.json(path, mode="FAILFAST")),
            tried(path, lambda: s.read.json(path, columnNameOfCorruptRecord="bad")), tried(path, lambda: s.read.schema("a int").json(path)), tried(path, lambda: s.read.schema("a int, _corrupt_record string").json(path, mode="DROPMALFORMED")),
            tried(path, lambda: s.read.schema("a int").json(path, mode="FAILFAST"))]


@add
def json_only_the_corrupt_column(s, path):
    put(path, "a.json", '{"a":1}\nx\n')
    return [tried(path, lambda: s.read.json(path).select("_corrupt_record")), tried(path, lambda: s.read.schema("a int, _corrupt_record string").json(path).select("_corrupt_record")),
            tried(path, lambda: s.read.schema("_corrupt_record string").json(path)), str(s.read.schema("a int").json(path).count())]


@add
def json_primitives_as_strings(s, path):
    put(path, "a.json", '{"a":1,"b":true,"c":[1,2.5],"d":{"x":1},"e":null}\n')
    return [tried(path, lambda: s.read.json(path)), tried(path, lambda: s.read.json(path, primitivesAsString=True)), tried(path, lambda: s.read.json(path, prefersDecimal=True)), tried(path, lambda: s.read.json(path, dropFieldIfAllNull=True)),
            tried(path, lambda: s.read.schema("a string, b string, c string, d string").json(path))]


@add
def json_leniency(s, path):
    put(path, "a.json", "{'a':1}\n{a:2}\n/*c*/{\"a\":3}\n{\"a\":04}\n{\"a\":\"\\$\"}\n{\"a\":NaN}\n{\"a\":+Infinity}\n")
    names = ("allowComments", "allowUnquotedFieldNames", "allowSingleQuotes", "allowNumericLeadingZero", "allowBackslashEscapingAnyCharacter", "allowNonNumericNumbers")
    return [tried(path, lambda: s.read.schema("a string, _corrupt_record string").json(path))] + [
        tried(path, lambda: s.read.schema("a string, _corrupt_record string").option(name, value).json(path)) for name in names for value in (True, False)
    ]


@add
def json_control_characters(s, path):
    put(path, "a.json", '{"a":"x\ty"}\n')
    return [tried(path, lambda: s.read.json(path)), tried(path, lambda: s.read.json(path, allowUnquotedControlChars=True))]


@add
def json_multi_line_kinds(s, path):
    put(path, "a.json", '[{"a":1},\n{"a":2}]')
    put(path, "b.json", '{"a":\n3}')
    put(path, "c.json", '{"a":4}\n{"a":5}')
    return [tried(path, lambda: s.read.json(path, multiLine=True)), tried(path, lambda: s.read.json(path + "/a.json")), tried(path, lambda: s.read.json(path + "/b.json"))]


@add
def json_line_separators(s, path):
    put(path, "a.json", '{"a":1};{"a":2}')
    return [tried(path, lambda: s.read.json(path, lineSep=";")), tried(path, lambda: s.read.json(path, lineSep=";;"))]


@add
def json_times(s, path):
    put(path, "a.json", '{"d":"2024-01-02","t":"2024-01-02 03:04:05","z":"2024-01-02T03:04:05+01:00"}\n')
    return [tried(path, lambda: s.read.json(path)), tried(path, lambda: s.read.option("inferTimestamp", True).json(path)), tried(path, lambda: s.read.schema("d date, t timestamp, z timestamp").json(path)),
            tried(path, lambda: s.read.schema("d timestamp_ntz, t timestamp_ntz").json(path)), tried(path, lambda: s.read.schema("d date").option("dateFormat", "yyyy/MM/dd").json(path)),
            tried(path, lambda: s.read.schema("z timestamp").option("timeZone", "Asia/Tokyo").json(path)), tried(path, lambda: s.read.schema("t timestamp").option("timestampFormat", "yyyy-MM-dd HH:mm:ss").option("timeZone", "Asia/Tokyo").json(path))]


@add
def json_sampling(s, path):
    put(path, "a.json", '{"a":1}\n{"a":2.5,"b":1}\n')
    return [tried(path, lambda: s.read.json(path, samplingRatio=1.0)), tried(path, lambda: s.read.json(path, samplingRatio=0.0)), tried(path, lambda: s.read.json(path, samplingRatio=-1.0))]


@add
def json_encodings(s, path):
    put(path, "a.json", '{"a":"ä"}\n'.encode("utf-16-le"))
    return [tried(path, lambda: s.read.json(path, encoding="UTF-16LE", lineSep="\n")), tried(path, lambda: s.read.json(path, encoding="UTF-16LE")), tried(path, lambda: s.read.json(path, encoding="UTF-16", multiLine=False)), tried(path, lambda: s.read.json(path, multiLine=True))]


@add
def json_field_names(s, path):
    put(path, "a.json", '{"a":1,"A":2}\n')
    put(path, "b/a.json", '{"a":1,"a":2}\n')
    put(path, "c/a.json", '{"a b":1,"a.b":{"c":2},"":3}\n')
    return [tried(path, lambda: s.read.json(path + "/a.json")), tried(path, lambda: s.read.json(path + "/b")), tried(path, lambda: s.read.json(path + "/c"))]


@add
def json_variants(s, path):
    put(path, "a.json", '{"a":1,"b":[1,"x"]}\n{"a":"y"}\n')
    return [s.read.option("singleVariantColumn", "v").json(path).selectExpr("v:a::string", "schema_of_variant(v)"), s.read.schema("a variant").json(path).selectExpr("schema_of_variant(a)"),
            tried(path, lambda: s.read.option("singleVariantColumn", "v").schema("a int").json(path).select("a"))]


@add
def json_empty_files(s, path):
    put(path, "a.json", "")
    put(path, "b/a.json", "{}\n")
    return [tried(path, lambda: s.read.json(path + "/a.json")), tried(path, lambda: s.read.json(path + "/b")), tried(path, lambda: s.read.json(path + "/a.json", schema="a int"))]


@add
def json_schema_of_other_forms(s, path):
    put(path, "a.json", '{"a":"1","b":1.5,"c":"2024-01-01","d":[{"x":1},{"x":null}],"m":{"k":1},"bin":"AQI="}\n')
    return [tried(path, lambda: s.read.schema("a int").json(path)), tried(path, lambda: s.read.schema("b int").json(path)), tried(path, lambda: s.read.schema("b decimal(5,2), c timestamp").json(path)), tried(path, lambda: s.read.schema("d array<struct<x:int>>, m map<string,int>").json(path)),
            tried(path, lambda: s.read.schema("bin binary").json(path)), tried(path, lambda: s.read.schema("m struct<k:long,l:int>").json(path)), tried(path, lambda: s.read.schema("a char(3), b varchar(2)").json(path)), tried(path, lambda: s.read.schema("A string").json(path))]


# XML.

BOOKS = """<?xml version="1.0"?>
<books>
  <book id="1"><title lang="en">A</title><price>1.5</price><tag>x</tag><tag>y</tag></book>
  <book id="2"><title>B</title><price></price><note/></book>
  <book id="3"><title> C </title><price>abc</price></book>
</books>
"""


@add
def xml_row_tags(s, path):
    put(path, "a.xml", BOOKS)
    return [tried(path, lambda: s.read.xml(path)), tried(path, lambda: s.read.xml(path, rowTag="book")), tried(path, lambda: s.read.xml(path, rowTag="books")), tried(path, lambda: s.read.xml(path, rowTag="nothing")), tried(path, lambda: s.read.format("xml").option("rowTag", "book").load(path).select("_id"))]


@add
def xml_names(s, path):
    put(path, "a.xml", BOOKS)
    read = s.read.option("rowTag", "book")
    return [tried(path, lambda: read.xml(path, attributePrefix="at_")), tried(path, lambda: read.xml(path, valueTag="text")), tried(path, lambda: read.xml(path, excludeAttribute=True)), tried(path, lambda: read.xml(path, attributePrefix="")),
            tried(path, lambda: read.xml(path, valueTag="")), tried(path, lambda: read.xml(path, valueTag="title"))]


@add
def xml_values(s, path):
    put(path, "a.xml", BOOKS)
    read = s.read.option("rowTag", "book")
    return [tried(path, lambda: read.xml(path, nullValue="abc")), tried(path, lambda: read.xml(path, ignoreSurroundingSpaces=False)), tried(path, lambda: read.xml(path, inferSchema=False)), tried(path, lambda: read.xml(path, samplingRatio=1.0)),
            tried(path, lambda: read.option("treatEmptyValuesAsNulls", True).xml(path))]


@add
def xml_bad_records(s, path):
    put(path, "a.xml", BOOKS)
    put(path, "b/a.xml", "<r><a>1</a></r><r><a>1</b></r><r><a>x</a></r>")
    return [tried(path, lambda: s.read.schema("_id int, price double, _corrupt_record string").xml(path + "/a.xml", rowTag="book")), tried(path, lambda: s.read.schema("_id int, price double").xml(path + "/a.xml", rowTag="book", mode="FAILFAST")),
            tried(path, lambda: s.read.schema("_id int, price double").xml(path + "/a.xml", rowTag="book", mode="DROPMALFORMED")), tried(path, lambda: s.read.xml(path + "/b", rowTag="r")),
            tried(path, lambda: s.read.schema("a int, bad string").xml(path + "/b", rowTag="r", columnNameOfCorruptRecord="bad")), tried(path, lambda: s.read.xml(path + "/b", rowTag="r", mode="FAILFAST"))]


@add
def xml_namespaces_and_text(s, path):
    put(path, "a.xml", '<r xmlns:p="u"><p:a p:k="1">t</p:a><b><![CDATA[x<y]]></b><c>a<d>1</d>b</c><!-- no --></r>')
    return [tried(path, lambda: s.read.xml(path, rowTag="r")), tried(path, lambda: s.read.option("ignoreNamespace", True).xml(path, rowTag="r")), tried(path, lambda: s.read.option("wildcardColName", "rest").schema("b string, rest string").xml(path, rowTag="r"))]


@add
def xml_times_and_types(s, path):
    put(path, "a.xml", "<r><d>2024-01-02</d><t>2024-01-02T03:04:05Z</t><b>true</b><n>12345678901</n><e>1e3</e><dec>1.10</dec><f>02/01/2024</f></r>")
    return [tried(path, lambda: s.read.xml(path, rowTag="r")), tried(path, lambda: s.read.schema("d date, t timestamp, b boolean, n long, e double, dec decimal(5,2)").xml(path, rowTag="r")), tried(path, lambda: s.read.schema("f date").xml(path, rowTag="r", dateFormat="dd/MM/yyyy")),
            tried(path, lambda: s.read.option("preferDate", False).xml(path, rowTag="r"))]


@add
def xml_validation(s, path):
    put(path, "a.xml", "<r><a>1</a></r>")
    put(path, "x.xsd", '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="r"><xs:complexType><xs:sequence><xs:element name="a" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:schema>')
    return [tried(path, lambda: s.read.xml(path + "/a.xml", rowTag="r", rowValidationXSDPath=path + "/no.xsd"))]


@add
def xml_empty(s, path):
    put(path, "a.xml", "<r/>")
    put(path, "b/a.xml", "<r></r><r><a/></r>")
    return [tried(path, lambda: s.read.xml(path + "/a.xml", rowTag="r")), tried(path, lambda: s.read.xml(path + "/b", rowTag="r"))]


# Text.


@add
def text_options(s, path):
    put(path, "a.txt", "one\r\ntwo\n\nthree")
    put(path, "b.txt", "p;q;;r")
    return [tried(path, lambda: s.read.text(path)), tried(path, lambda: s.read.text(path, wholetext=True)), tried(path, lambda: s.read.text(path + "/b.txt", lineSep=";")), tried(path, lambda: s.read.text(path + "/a.txt", lineSep="\r\n")),
            tried(path, lambda: s.read.text(path + "/b.txt", lineSep="")), tried(path, lambda: s.read.text([path + "/a.txt", path + "/b.txt"]))]


@add
def text_schemas(s, path):
    put(path, "a.txt", "1\n2\n")
    return [tried(path, lambda: s.read.schema("line string").text(path)), tried(path, lambda: s.read.schema("n int").text(path)), tried(path, lambda: s.read.schema("a string, b string").text(path)), tried(path, lambda: s.read.schema("a string").format("text").load(path))]


@add
def text_partitions(s, path):
    put(path, "k=1/a.txt", "x\n")
    put(path, "k=2/a.txt", "y\n")
    return [tried(path, lambda: s.read.text(path)), tried(path, lambda: s.read.text(path + "/k=1")), tried(path, lambda: s.read.text(path + "/k=1", recursiveFileLookup=True)), tried(path, lambda: s.read.option("basePath", path).text(path + "/k=1"))]


# Parquet and ORC.


@add
def parquet_merge_schema_kinds(s, path):
    s.sql("select 1 a, 'x' b").write.parquet(path + "/p/1")
    s.sql("select 2L c, 3 a").write.parquet(path + "/p/2")
    s.sql("select 'no' a").write.parquet(path + "/q")
    return [tried(path, lambda: s.read.option("mergeSchema", True).parquet(path + "/p/1", path + "/p/2")), tried(path, lambda: s.read.parquet(path + "/p/*", mergeSchema=True)),
            tried(path, lambda: s.read.option("mergeSchema", True).parquet(path + "/p/1", path + "/q"))]


@add
def parquet_read_with_other_types(s, path):
    s.sql("select 1 i, 2L l, 1.5f f, date'2024-01-02' d, 1.50 dec, 'x' t, timestamp'2024-01-02 03:04:05' ts").write.parquet(path + "/p")
    return [tried(path, lambda: s.read.schema(schema).parquet(path + "/p")) for schema in ("i long", "i double", "f double", "l int", "i string", "dec decimal(10,2)", "dec decimal(3,1)", "d timestamp_ntz", "t binary", "ts timestamp_ntz", "I int, i2 int", "i decimal(12,0)", "t int", "l date")]


@add
def parquet_rebase_options(s, path):
    s.sql("select date'1500-01-01' d, timestamp'1500-01-01 00:00:00' t").write.option("datetimeRebaseMode", "CORRECTED").parquet(path + "/p")
    return [tried(path, lambda: s.read.options(datetimeRebaseMode=mode, int96RebaseMode=mode).parquet(path + "/p")) for mode in ("CORRECTED", "LEGACY", "EXCEPTION", "nonsense")]


@add
def parquet_of_no_files(s, path):
    os.makedirs(path + "/empty")
    put(path, "bad/a.parquet", "not parquet")
    put(path, "none/_hidden.parquet", "x")
    return [says(path, lambda: s.read.parquet(path + "/empty").schema), says(path, lambda: s.read.parquet(path + "/none").schema), says(path, lambda: s.read.schema("a int").parquet(path + "/empty").collect()), says(path, lambda: s.read.parquet(path + "/missing").schema)]


@add
def corrupt_files_are_left_out(s, path):
    s.range(2).coalesce(1).write.parquet(path + "/p")
    put(path, "p/bad.parquet", "not parquet at all, but some text")
    return [tried(path, lambda: s.read.option("ignoreCorruptFiles", True).parquet(path + "/p")), tried(path, lambda: s.read.schema("id long").option("ignoreCorruptFiles", True).parquet(path + "/p"))]


@add
def orc_options(s, path):
    s.sql("select 1 a, 'x' b").write.orc(path + "/o/1", compression="zlib")
    s.sql("select 2L c, 3 a").write.orc(path + "/o/2", compression="none")
    return [tried(path, lambda: s.read.orc(path + "/o/1")), tried(path, lambda: s.read.orc(path + "/o/*", mergeSchema=True)), tried(path, lambda: s.read.schema("b string, z int").orc(path + "/o/1")), tried(path, lambda: s.read.orc([path + "/o/1"], pathGlobFilter="*.orc"))]


@add
def unknown_formats(s, path):
    put(path, "a.txt", "x")
    return [says(path, lambda: s.read.format(name).load(path).schema) for name in ("nonsense", "org.apache.spark.sql.parquet", "com.databricks.spark.csv", "jdbc", "hive", "image", "libsvm", "kafka", "rate", "socket", "console", "com.example.Source")]


@add
def formats_by_class_name(s, path):
    s.range(2).write.parquet(path + "/p")
    return [tried(path, lambda: s.read.format("org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat").load(path + "/p")), tried(path, lambda: s.read.format("PARQUET").load(path + "/p")),
            tried(path, lambda: s.read.format("org.apache.spark.sql.execution.datasources.v2.parquet.ParquetDataSourceV2").load(path + "/p"))]


# Folders.


@add
def partition_types(s, path):
    for value in ("1", "2"):
        put(path, f"i/k={value}/a.txt", value)
    for value in ("1", "5000000000"):
        put(path, f"l/k={value}/a.txt", value)
    for value in ("1.5", "2"):
        put(path, f"f/k={value}/a.txt", value)
    for value in ("2024-01-01", "2024-01-02"):
        put(path, f"d/k={value}/a.txt", value)
    for value in ("2024-01-01 00%3A00%3A00", "2024-01-02"):
        put(path, f"t/k={value}/a.txt", value)
    for value in ("a", "1", "__HIVE_DEFAULT_PARTITION__"):
        put(path, f"s/k={value}/a.txt", "x")
    for value in ("__HIVE_DEFAULT_PARTITION__",):
        put(path, f"n/k={value}/a.txt", "x")
    put(path, "b/k=true/a.txt", "x")
    put(path, "z/k=001/a.txt", "x")
    return [tried(path, lambda: s.read.text(f"{path}/{kind}")) for kind in "ilfdtsnbz"]


@add
def partition_types_switched_off(s, path):
    put(path, "k=1/a.txt", "x")
    s.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    found = tried(path, lambda: s.read.text(path))
    s.conf.unset("spark.sql.sources.partitionColumnTypeInference.enabled")
    return found


@add
def partition_columns_of_a_schema(s, path):
    put(path, "k=1/a.csv", "x,1\n")
    put(path, "k=2/a.csv", "y,2\n")
    return [tried(path, lambda: s.read.schema("t string, n int, k string").csv(path)), tried(path, lambda: s.read.schema("k long, t string").csv(path)), tried(path, lambda: s.read.schema("t string").csv(path)), tried(path, lambda: s.read.schema("t string, k date").option("basePath", path).csv(path + "/k=1"))]


@add
def partition_conflicts(s, path):
    put(path, "a/k=1/a.txt", "x")
    put(path, "a/j=1/a.txt", "x")
    put(path, "b/k=1/a.txt", "x")
    put(path, "b/a.txt", "x")
    put(path, "c/k=1/l=2/a.txt", "x")
    put(path, "c/k=1/a.txt", "x")
    put(path, "d/k=1/sub/a.txt", "x")
    put(path, "e/k=1/K=2/a.txt", "x")
    put(path, "f/=1/a.txt", "x")
    put(path, "g/k=/a.txt", "x")
    return [tried(path, lambda: s.read.text(f"{path}/{kind}")) for kind in "abcdefg"]


@add
def files_by_name_and_depth(s, path):
    put(path, "a.txt", "1")
    put(path, "b.log", "2")
    put(path, "sub/c.txt", "3")
    put(path, "sub/deep/d.txt", "4")
    put(path, ".hidden.txt", "5")
    put(path, "_under.txt", "6")
    return [tried(path, lambda: s.read.text(path)), tried(path, lambda: s.read.text(path, pathGlobFilter="*.txt")), tried(path, lambda: s.read.text(path, recursiveFileLookup=True)), tried(path, lambda: s.read.text(path, recursiveFileLookup=True, pathGlobFilter="*.txt")),
            tried(path, lambda: s.read.text(path + "/*")), tried(path, lambda: s.read.text(path + "/{a,b}.*")), tried(path, lambda: s.read.text(path + "/[ab].txt")), tried(path, lambda: s.read.text(path + "/*.nope")), tried(path, lambda: s.read.text(path + "/s?b")),
            tried(path, lambda: s.read.text(path, pathGlobFilter="{a,c}.txt")), tried(path, lambda: s.read.text(path + "/_under.txt"))]


@add
def files_by_time(s, path):
    put(path, "a.txt", "old")
    put(path, "b.txt", "new")
    os.utime(path + "/a.txt", (1577836800, 1577836800))
    os.utime(path + "/b.txt", (1704067200, 1704067200))
    return [tried(path, lambda: s.read.text(path, modifiedBefore="2022-01-01T00:00:00")), tried(path, lambda: s.read.text(path, modifiedAfter="2022-01-01T00:00:00")), tried(path, lambda: s.read.text(path, modifiedAfter="2019-01-01T00:00:00", modifiedBefore="2022-01-01T00:00:00")),
            tried(path, lambda: s.read.text(path, modifiedAfter="yesterday")), tried(path, lambda: s.read.text(path, modifiedBefore="2022-01-01"))]


@add
def missing_files(s, path):
    put(path, "a.txt", "x")
    return [tried(path, lambda: s.read.text(path + "/a.txt", path + "/b.txt") if False else s.read.text([path + "/a.txt", path + "/b.txt"])), tried(path, lambda: s.read.option("ignoreMissingFiles", True).text(path + "/b.txt")), says(path, lambda: s.read.text("nofs://x/y").schema), says(path, lambda: s.read.text([]).schema),
            says(path, lambda: s.read.format("text").load().schema), says(path, lambda: s.read.option("path", path + "/a.txt").text(path + "/a.txt").schema), says(path, lambda: s.read.option("path", path + "/a.txt").format("text").load().count())]


@add
def hidden_columns(s, path):
    put(path, "a.txt", "x\n")
    return [s.read.text(path).select("_metadata.file_name", "_metadata.file_size", "_metadata.file_block_start", "_metadata.file_block_length"), s.read.text(path).select(F.regexp_replace("_metadata.file_path", path, "PATH").alias("p")), s.read.text(path).select(F.regexp_replace(F.input_file_name(), path, "PATH").alias("p")),
            str([name.replace(path, "PATH") for name in s.read.text(path).inputFiles()])]


@add
def binary_files(s, path):
    put(path, "a.bin", b"\x01\x02")
    put(path, "sub/b.bin", b"\x03")
    return [s.read.format("binaryFile").load(path).select("length", "content"), s.read.format("binaryFile").option("recursiveFileLookup", True).option("pathGlobFilter", "b*").load(path).select("length", "content"), s.read.format("binaryFile").load(path).where("length > 5").select("length"),
            tried(path, lambda: s.read.format("binaryFile").schema("a int").load(path))]


@add
def reader_misuse(s, path):
    put(path, "a.txt", "x")
    return [says(path, lambda: s.read.schema("a int b").text(path).schema), says(path, lambda: s.read.schema(5)), says(path, lambda: s.read.load(path + "/a.txt").schema), says(path, lambda: s.read.table("no_such_table").schema), says(path, lambda: s.read.schema("a int").table("no_such_table").schema),
            says(path, lambda: s.read.csv(5)), says(path, lambda: s.read.option("x", "y").table("no_such_table").schema)]


# What scans see of what they read.


@add
def columns_that_are_asked_for(s, path):
    put(path, "a.csv", "1,a,x\ny,b\n3,c,z,q\n")
    read = s.read.schema("n int, t string, u string")
    kinds = [lambda: read.csv(path).select("n"), lambda: read.csv(path).select("u", "n"), lambda: read.csv(path, mode="DROPMALFORMED").select("t"), lambda: read.csv(path, mode="DROPMALFORMED"),
             lambda: read.csv(path, mode="FAILFAST").select("t"), lambda: read.csv(path, mode="FAILFAST").select("n"), lambda: read.csv(path, mode="PERMISSIVE").where("n = 3").select("t"), lambda: read.csv(path).groupBy("n").count()]
    return [tried(path, kind) for kind in kinds] + [str(read.csv(path, mode="DROPMALFORMED").count()), str(read.csv(path, mode="FAILFAST").count())]


@add
def fields_that_are_asked_for(s, path):
    put(path, "a.json", '{"a":1,"b":"x"}\n{"a":"y","b":2}\n{"a":\n')
    read = s.read.schema("a int, b string")
    kinds = [lambda: read.json(path).select("b"), lambda: read.json(path, mode="DROPMALFORMED").select("b"), lambda: read.json(path, mode="DROPMALFORMED").select("a"), lambda: read.json(path, mode="FAILFAST").select("b"),
             lambda: read.json(path, mode="PERMISSIVE").where("b = '2'"), lambda: s.read.json(path).where("_corrupt_record is null").select("a")]
    return [tried(path, kind) for kind in kinds] + [str(read.json(path).count()), str(s.read.json(path).select("_corrupt_record", "a").count())]


@add
def limits_and_joins_of_text_records(s, path):
    put(path, "a.csv", "k,v\n1,a\n2,b\n3,c\n")
    frame = s.read.csv(path, header=True, inferSchema=True)
    return [frame.orderBy("k").limit(2), frame.alias("l").join(frame.alias("r"), "k").select("l.v", "r.k"), str(frame.count()), str(frame.where("v <> 'b'").count()), frame.selectExpr("count(distinct v)", "max(k)"),
            str(len(frame.take(1))), frame.select("v", "k", "v").toDF("x", "y", "z"), str([name.replace(path, "PATH") for name in frame.inputFiles()])]


@add
def tables_over_text_files(s, path):
    put(path, "c/a.csv", "a;b\n1;x\n2;y\n")
    put(path, "j/a.json", '{"a":1,"b":{"c":[1,2]}}\n')
    put(path, "x/a.xml", "<rs><r><a>1</a></r><r><a>2</a></r></rs>")
    s.sql(f"CREATE OR REPLACE TEMPORARY VIEW reading_csv USING csv OPTIONS (path '{path}/c', header 'true', sep ';', inferSchema 'true')").collect()
    s.sql(f"CREATE OR REPLACE TEMPORARY VIEW reading_xml (a INT) USING xml OPTIONS (path '{path}/x', rowTag 'r')").collect()
    found = [tried(path, lambda: s.table("reading_csv")), tried(path, lambda: s.table("reading_xml")), tried(path, lambda: s.sql(f"SELECT * FROM csv.`{path}/c`")), tried(path, lambda: s.sql(f"SELECT b.c[0] c FROM json.`{path}/j`")),
             tried(path, lambda: s.sql(f"SELECT * FROM text.`{path}/j`")), tried(path, lambda: s.sql(f"SELECT * FROM csv.`{path}/c` WITH (header = true, delimiter = ';')")), tried(path, lambda: s.sql(f"SELECT * FROM csv.`{path}/no`"))]
    s.sql("DROP VIEW reading_csv").collect()
    s.sql("DROP VIEW reading_xml").collect()
    return found


@add
def hidden_columns_of_formats(s, path):
    s.range(3).coalesce(1).write.parquet(path + "/p")
    put(path, "c/k=1/a.csv", "1,2\n")
    parquet, csv = s.read.parquet(path + "/p"), s.read.csv(path + "/c")
    return [tried(path, lambda: parquet.select("_metadata").limit(0)), tried(path, lambda: parquet.select("id", "_metadata.row_index")), tried(path, lambda: csv.select("_metadata").limit(0)), tried(path, lambda: csv.select("_metadata.row_index")),
            tried(path, lambda: csv.select("*", "_metadata.file_name")), tried(path, lambda: csv.where("_metadata.file_size > 1").select("_c0", "k"))]


@add
def base_paths(s, path):
    put(path, "t/k=1/a.txt", "x")
    put(path, "t/k=2/a.txt", "y")
    put(path, "f.txt", "z")
    return [tried(path, lambda: s.read.option("basePath", path + "/t").text(path + "/t/k=1")), tried(path, lambda: s.read.option("basePath", path + "/no").text(path + "/t/k=1")), tried(path, lambda: s.read.option("basePath", path + "/f.txt").text(path + "/t/k=1")),
            tried(path, lambda: s.read.text([path + "/t/k=1", path + "/t/k=2"])), tried(path, lambda: s.read.text(path + "/t/*")), tried(path, lambda: s.read.option("basePath", path + "/t/").text(path + "/t/*"))]


@add
def folders_without_one_root(s, path):
    put(path, "w/k=1/a.txt", "x")
    put(path, "w/u/v=1/a.txt", "x")
    return tried(path, lambda: s.read.text(path + "/w"))


@add
def settings_in_the_place_of_options(s, path):
    put(path, "a.json", '{"a":1}\nx\n')
    s.range(1).write.parquet(path + "/p/1")
    s.range(1).selectExpr("'x' t").write.parquet(path + "/p/2")
    kept = [("spark.sql.columnNameOfCorruptRecord", "bad", lambda: s.read.json(path + "/a.json")), ("spark.sql.parquet.mergeSchema", "true", lambda: s.read.parquet(path + "/p/*")), ("spark.sql.files.ignoreMissingFiles", "true", lambda: s.read.text(path + "/no"))]
    found = []
    for key, value, program in kept:
        s.conf.set(key, value)
        found.append(tried(path, program))
        s.conf.unset(key)
    return found


test_reading = cases.test()
