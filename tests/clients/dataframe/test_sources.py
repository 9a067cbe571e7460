"""Reading and writing: parquet, csv, json and text files, save modes, partitions, tables.

Each case writes into its own folder and reads back; the folder never shows in a result.
"""

import os

import pyspark.sql.functions as F
from harness.cases import Cases

cases = Cases("sources")
add = cases.add


def people(s):
    return s.createDataFrame([(1, "Ann", 1.5), (2, None, None), (3, "C,\"d\"\n", -0.5)], "id int, name string, v double")


def put(path, name, text):
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, name), "w") as handle:
        handle.write(text)
    return os.path.join(path, name)


def data_files(path):
    return sorted(name for _, _, names in os.walk(path) for name in names if not name.startswith((".", "_")))


@add
def parquet_round_trip(s, path):
    people(s).write.parquet(path + "/p")
    return [s.read.parquet(path + "/p"), s.read.load(path + "/p"), s.read.format("parquet").load(path + "/p").where("id > 1").select("id")]


@add
def parquet_of_many_types(s, path):
    s.sql("select 1Y b, 2S s, 3 i, 4L l, 1.5f f, 2.5D d, 1.50 dec, 'x' t, true bo, x'01' bin, date'2024-01-02' dt, timestamp'2024-01-02 03:04:05.6' ts, timestamp_ntz'2024-01-02 03:04:05' nz, array(1, null) a, map('k', 1) m, struct(1 as x, 'y' as z) st, cast(null as int) n, interval 1 day iv").write.parquet(path + "/p")
    return s.read.parquet(path + "/p")


@add
def parquet_file_sql(s, path):
    s.range(3).write.parquet(path + "/p")
    return s.sql(f"select sum(id) t from parquet.`{path}/p`")


@add
def parquet_partitioned(s, path):
    s.createDataFrame([(1, "a", 2023), (2, "b", 2024), (3, "b c", None)], "id int, k string, y int").write.partitionBy("y", "k").parquet(path + "/p")
    folders = sorted(os.path.relpath(r, path + "/p") for r, _, names in os.walk(path + "/p") if any(n.endswith(".parquet") for n in names))
    return [s.read.parquet(path + "/p"), s.read.parquet(path + "/p").where("y = 2024").select("id"), str(folders)]


@add
def parquet_merge_schema(s, path):
    s.range(1).write.parquet(path + "/p/k=1")
    s.range(1).withColumn("x", F.lit("new")).write.parquet(path + "/p/k=2")
    return s.read.option("mergeSchema", True).parquet(path + "/p").select("id", "x", "k")


@add
def parquet_several_paths_and_globs(s, path):
    s.range(2).write.parquet(path + "/a1")
    s.range(2, 4).write.parquet(path + "/a2")
    return [s.read.parquet(path + "/a1", path + "/a2"), s.read.parquet(path + "/a*").agg(F.count("id"))]


@add
def parquet_given_schema(s, path):
    s.range(2).write.parquet(path + "/p")
    return s.read.schema("id long, extra string").parquet(path + "/p")


@add
def parquet_missing_path(s, path):
    return s.sql("select 1").select(F.lit(len(str(caught(lambda: s.read.parquet("/no/such/folder/x").count()))) > 0))


def caught(program):
    try:
        program()
    except Exception as error:
        return error
    return ""


@add
def parquet_compression(s, path):
    for codec in ("none", "snappy", "zstd", "gzip"):
        s.range(10).write.option("compression", codec).parquet(path + "/" + codec)
    return [s.read.parquet(path + "/" + codec).agg(F.sum("id")) for codec in ("none", "snappy", "zstd", "gzip")]


@add
def csv_round_trip(s, path):
    people(s).write.csv(path + "/c", header=True)
    return [s.read.csv(path + "/c", header=True, multiLine=True), s.read.csv(path + "/c", header=True, inferSchema=True, multiLine=True)]


@add
def csv_without_header(s, path):
    put(path, "a.csv", "1,x\n2,\n,z\n")
    return [s.read.csv(path), s.read.csv(path, schema="n int, t string")]


@add
def csv_infer_types(s, path):
    put(path, "a.csv", "i,l,d,b,t,ts,s\n1,3000000000,1.5,true,2024-01-02,2024-01-02 03:04:05,x\n2,4,2,false,2024-01-03,2024-01-03T00:00:00,y z\n")
    return s.read.csv(path, header=True, inferSchema=True)


@add
def csv_options(s, path):
    put(path, "a.csv", "# note\nk;v\n'a;b';N/A\n c ;2\n")
    return s.read.options(sep=";", header=True, quote="'", nullValue="N/A", comment="#", ignoreLeadingWhiteSpace=True, ignoreTrailingWhiteSpace=True).csv(path)


@add
def csv_bad_rows_permissive(s, path):
    put(path, "a.csv", "1,a\nx,b\n3,c,d\n")
    return [s.read.schema("n int, t string").csv(path), s.read.schema("n int, t string, _corrupt_record string").csv(path), s.read.schema("n int, t string").option("mode", "DROPMALFORMED").csv(path)]


@add
def csv_dates(s, path):
    put(path, "a.csv", "02/01/2024,2024-01-02 03:04\n")
    return s.read.schema("d date, t timestamp").options(dateFormat="dd/MM/yyyy", timestampFormat="yyyy-MM-dd HH:mm").csv(path)


@add
def csv_written_text(s, path):
    s.createDataFrame([(1, 'q"x', None), (2, "a,b", "")], "n int, t string, u string").coalesce(1).write.csv(path + "/c", header=True)
    return s.read.text(path + "/c")


@add
def json_round_trip(s, path):
    s.createDataFrame([(1, "a", [1, 2], {"k": "v"}), (2, None, None, None)], "id int, t string, xs array<int>, m map<string,string>").write.json(path + "/j")
    return [s.read.json(path + "/j"), s.read.schema("id long, xs array<long>").json(path + "/j")]


@add
def json_inference(s, path):
    put(path, "a.json", '{"a": 1, "b": {"c": "x", "d": [1.5, 2]}}\n{"a": 2.5, "e": true}\n{"b": null, "a": null}\n')
    return s.read.json(path)


@add
def json_multi_line(s, path):
    put(path, "a.json", '[\n {"a": 1},\n {"a": 2}\n]')
    return s.read.json(path, multiLine=True)


@add
def json_bad_rows(s, path):
    put(path, "a.json", '{"a": 1}\nnonsense\n{"a": "x"}\n')
    return s.read.schema("a int, _corrupt_record string").json(path)


@add
def json_written_text(s, path):
    s.sql("select 1 a, cast(null as string) b, 1.50 c, timestamp'2024-01-02 03:04:05' d, array(1) e").coalesce(1).write.json(path + "/j")
    return s.read.text(path + "/j")


@add
def text_lines_and_whole(s, path):
    put(path, "a.txt", "one\n\ntwo words\n")
    return [s.read.text(path), s.read.text(path, wholetext=True), s.read.text(path).select(F.length("value"))]


@add
def text_written(s, path):
    s.createDataFrame([("a",), ("b",)], "v string").coalesce(1).write.text(path + "/t")
    return s.read.text(path + "/t")


@add
def text_of_two_columns_is_an_error(s, path):
    people(s).write.text(path + "/t")


@add
def mode_append(s, path):
    s.range(2).write.parquet(path + "/p")
    s.range(2, 3).write.mode("append").parquet(path + "/p")
    return s.read.parquet(path + "/p")


@add
def mode_overwrite(s, path):
    s.range(2).write.parquet(path + "/p")
    s.range(5, 6).write.mode("overwrite").parquet(path + "/p")
    return s.read.parquet(path + "/p")


@add
def mode_ignore(s, path):
    s.range(2).write.parquet(path + "/p")
    s.range(9).write.mode("ignore").parquet(path + "/p")
    return s.read.parquet(path + "/p")


@add
def mode_error(s, path):
    s.range(2).write.parquet(path + "/p")
    error = caught(lambda: s.range(9).write.parquet(path + "/p"))
    return str(["PATH_ALREADY_EXISTS" in str(error), s.read.parquet(path + "/p").count()])


@add
def overwrite_while_reading_is_refused(s, path):
    s.range(2).write.parquet(path + "/p")
    return str(bool(caught(lambda: s.read.parquet(path + "/p").write.mode("overwrite").parquet(path + "/p"))))


@add
def dynamic_partition_overwrite(s, path):
    f = s.createDataFrame([(1, "a"), (2, "b")], "id int, k string")
    f.write.partitionBy("k").parquet(path + "/p")
    s.createDataFrame([(9, "b")], "id int, k string").write.mode("overwrite").option("partitionOverwriteMode", "dynamic").partitionBy("k").parquet(path + "/p")
    return s.read.parquet(path + "/p")


@add
def success_marker_and_one_file(s, path):
    s.range(4).coalesce(1).write.parquet(path + "/p")
    return str([os.path.exists(path + "/p/_SUCCESS"), len(data_files(path + "/p")), data_files(path + "/p")[0].startswith("part-00000")])


# Tables.


def table(s, name):
    s.sql(f"drop table if exists {name}")
    return name


@add
def save_as_table_and_read(s, path):
    name = table(s, "src_people")
    people(s).write.saveAsTable(name)
    return [s.table(name), s.read.table(name), s.sql(f"select count(*) from {name}")]


@add
def save_as_table_modes(s, path):
    name = table(s, "src_modes")
    s.range(2).write.saveAsTable(name)
    s.range(2, 4).write.mode("append").saveAsTable(name)
    first = s.table(name).toPandas()["id"].tolist()
    s.range(7, 8).write.mode("overwrite").saveAsTable(name)
    s.range(99).write.mode("ignore").saveAsTable(name)
    exists = "TABLE_OR_VIEW_ALREADY_EXISTS" in str(caught(lambda: s.range(1).write.saveAsTable(name)))
    return [str([sorted(first), exists]), s.table(name)]


@add
def save_as_table_partitioned(s, path):
    name = table(s, "src_parts")
    s.createDataFrame([(1, "a"), (2, "b")], "id int, k string").write.partitionBy("k").saveAsTable(name)
    return [s.table(name).where("k = 'b'"), s.sql(f"show partitions {name}")]


@add
def insert_into_by_position(s, path):
    name = table(s, "src_insert")
    s.sql(f"create table {name} (id long, t string) using parquet")
    s.createDataFrame([(1, "a")], "x int, y string").write.insertInto(name)
    s.sql(f"insert into {name} values (2, 'b'), (3, null)")
    s.sql(f"insert into {name} (t, id) values ('c', 4)")
    return s.table(name)


@add
def insert_overwrite(s, path):
    name = table(s, "src_over")
    s.sql(f"create table {name} (id int) using parquet")
    s.sql(f"insert into {name} values (1), (2)")
    s.range(5, 6).select(F.col("id").cast("int")).write.insertInto(name, overwrite=True)
    first = s.table(name).toPandas()["id"].tolist()
    s.sql(f"insert overwrite {name} select 8")
    return [str(first), s.table(name)]


@add
def insert_wrong_arity(s, path):
    name = table(s, "src_arity")
    s.sql(f"create table {name} (id int, t string) using parquet")
    return s.sql(f"insert into {name} values (1)")


@add
def insert_incompatible_type(s, path):
    name = table(s, "src_types")
    s.sql(f"create table {name} (id int) using parquet")
    return s.sql(f"insert into {name} values ('abc')")


@add
def create_table_as_select(s, path):
    name = table(s, "src_ctas")
    s.sql(f"create table {name} using parquet as select 1 a, 'x' b")
    return [s.table(name), s.sql(f"describe {name}")]


@add
def external_table_with_location(s, path):
    s.range(3).write.parquet(path + "/ext")
    name = table(s, "src_ext")
    s.sql(f"create table {name} using parquet location '{path}/ext'")
    total = s.table(name).count()
    s.sql(f"drop table {name}")
    return str([total, s.read.parquet(path + "/ext").count()])


@add
def write_to_v2_api_on_session_catalog(s, path):
    name = table(s, "src_v2")
    s.range(2).writeTo(name).using("parquet").create()
    return s.table(name)


@add
def csv_table(s, path):
    name = table(s, "src_csv")
    s.createDataFrame([(1, "a")], "id int, t string").write.format("csv").saveAsTable(name)
    return s.table(name)


test_sources = cases.test()
