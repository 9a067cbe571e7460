"""spark.catalog, temporary views, databases and tables; and the same through SQL."""

import pyspark.sql.functions as F
from harness.cases import Cases


def setup(s):
    for statement in ("drop database if exists hearth_db cascade", "create database hearth_db comment 'a note'", "use hearth_db",
                      "create table t1 (id int not null comment 'key', name string) using parquet comment 'people'",
                      "create table t2 (k int, p string) using parquet partitioned by (p)", "insert into t1 values (1, 'a'), (2, 'b')",
                      "use default"):
        s.sql(statement)


cases = Cases("catalog", setup)
add = cases.add


def names(rows):
    return str(sorted(row.name for row in rows))


@add
def current_names(s):
    return str([s.catalog.currentCatalog(), s.catalog.currentDatabase()])


@add
def set_current_database(s):
    s.catalog.setCurrentDatabase("hearth_db")
    seen = s.catalog.currentDatabase(), s.table("t1").count()
    s.catalog.setCurrentDatabase("default")
    return str(seen)


@add
def set_missing_database(s):
    s.catalog.setCurrentDatabase("no_such_db")


@add
def list_databases_by_pattern(s):
    return str([(d.name, d.catalog, d.description) for d in s.catalog.listDatabases("hearth*")])


@add
def get_database(s):
    d = s.catalog.getDatabase("hearth_db")
    return str([d.name, d.catalog, d.description])


@add
def database_exists(s):
    return str([s.catalog.databaseExists("hearth_db"), s.catalog.databaseExists("nope")])


@add
def list_tables(s):
    return str(sorted((t.name, t.catalog, t.namespace, t.tableType, t.isTemporary) for t in s.catalog.listTables("hearth_db")))


@add
def list_tables_with_views(s):
    s.range(1).createOrReplaceTempView("tv_list")
    found = [(t.name, t.catalog, t.namespace, t.tableType, t.isTemporary) for t in s.catalog.listTables() if t.name == "tv_list"]
    s.catalog.dropTempView("tv_list")
    return str(found)


@add
def get_table(s):
    t = s.catalog.getTable("hearth_db.t1")
    return str([t.name, t.catalog, t.namespace, t.description, t.tableType, t.isTemporary])


@add
def get_missing_table(s):
    s.catalog.getTable("hearth_db.nope")


@add
def table_exists(s):
    return str([s.catalog.tableExists("hearth_db.t1"), s.catalog.tableExists("t1", "hearth_db"), s.catalog.tableExists("t1"), s.catalog.tableExists("spark_catalog.hearth_db.t1")])


@add
def list_columns(s):
    return str([(c.name, c.description, c.dataType, c.nullable, c.isPartition) for c in s.catalog.listColumns("hearth_db.t1") + s.catalog.listColumns("t2", "hearth_db")])


@add
def function_exists(s):
    return str([s.catalog.functionExists("abs"), s.catalog.functionExists("nope_fn")])


@add
def get_function(s):
    f = s.catalog.getFunction("abs")
    return str([f.name, f.isTemporary])


@add
def list_functions_has_builtins(s):
    return str(sorted({"abs", "upper", "sum", "array_sort"} & {f.name for f in s.catalog.listFunctions()}))


@add
def list_catalogs(s):
    return str("spark_catalog" in [c.name for c in s.catalog.listCatalogs()])


@add
def set_current_catalog(s):
    s.catalog.setCurrentCatalog("spark_catalog")
    return s.catalog.currentCatalog()


@add
def temp_view_lifecycle(s):
    s.range(2).createTempView("tv1")
    taken = _error(lambda: s.range(3).createTempView("tv1"))
    s.range(5).createOrReplaceTempView("tv1")
    n = s.table("tv1").count()
    return str([taken, n, s.catalog.dropTempView("tv1"), s.catalog.dropTempView("tv1"), s.catalog.tableExists("tv1")])


@add
def global_temp_view(s):
    s.range(2).createOrReplaceGlobalTempView("gtv_hearth")
    n = s.table("global_temp.gtv_hearth").count()
    return str([n, s.catalog.dropGlobalTempView("gtv_hearth")])


@add
def cache_table(s):
    s.range(2).createOrReplaceTempView("tv_cache")
    s.catalog.cacheTable("tv_cache")
    cached = s.catalog.isCached("tv_cache")
    s.catalog.uncacheTable("tv_cache")
    after = s.catalog.isCached("tv_cache")
    s.catalog.clearCache()
    s.catalog.dropTempView("tv_cache")
    return str([cached, after])


@add
def refresh(s):
    s.catalog.refreshTable("hearth_db.t1")
    s.catalog.refreshByPath("/no/such/path")
    return "done"


@add
def create_table(s):
    s.sql("drop table if exists hearth_db.made")
    s.catalog.createTable("hearth_db.made", schema=s.range(1).schema, source="parquet", description="made")
    t = s.catalog.getTable("hearth_db.made")
    s.sql("drop table hearth_db.made")
    return str([t.name, t.tableType, t.description])


@add
def view_of_a_view(s):
    s.range(4).createOrReplaceTempView("va")
    s.sql("create or replace temporary view vb as select id * 2 as d from va")
    return s.table("vb")


@add
def show_tables(s):
    return s.sql("show tables in hearth_db")


@add
def show_databases(s):
    return s.sql("show databases like 'hearth*'")


@add
def show_columns(s):
    return s.sql("show columns in hearth_db.t1")


@add(ordered=True)
def describe_table(s):
    return s.sql("describe table hearth_db.t2")


@add
def describe_function(s):
    return s.sql("describe function abs").limit(1)


@add
def drop_missing_table(s):
    return s.sql("drop table hearth_db.nope")


@add
def drop_if_exists(s):
    return s.sql("drop table if exists hearth_db.nope")


@add
def create_existing_database(s):
    return s.sql("create database hearth_db")


@add
def drop_database_not_empty(s):
    return s.sql("drop database hearth_db")


@add
def create_existing_table(s):
    return s.sql("create table hearth_db.t1 (x int) using parquet")


@add
def three_level_names(s):
    return s.sql("select spark_catalog.hearth_db.t1.id, t1.name from spark_catalog.hearth_db.t1")


@add
def truncate_and_rename(s):
    s.sql("drop table if exists hearth_db.r1")
    s.sql("drop table if exists hearth_db.r2")
    s.sql("create table hearth_db.r1 (a int) using parquet")
    s.sql("insert into hearth_db.r1 values (1)")
    s.sql("alter table hearth_db.r1 rename to hearth_db.r2")
    s.sql("truncate table hearth_db.r2")
    return s.table("hearth_db.r2").agg(F.count("a"))


@add
def set_and_variables(s):
    s.sql("set spark.sql.shuffle.partitions=7")
    return [s.sql("set spark.sql.shuffle.partitions"), s.conf.get("spark.sql.shuffle.partitions")]


def _error(program):
    try:
        program()
    except Exception as error:
        return str(error).split("]")[0].lstrip("[")
    return None


test_catalog = cases.test()
