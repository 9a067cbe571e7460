"""The statements that drivers send to learn about catalogs, schemas, tables and columns."""

import json

import pytest

DRIVER = {"x-databricks-sea-can-run-fully-sync": "true", "x-databricks-require-thrift-native-metadata": "true"}


def ask(rest, text, **headers):
    """(column names, rows as dictionaries)"""
    reply = rest.execute(text, headers={**DRIVER, **headers})
    assert reply.status == 200 and reply.json["status"]["state"] == "SUCCEEDED", reply
    answer = reply.json
    names = [c["name"] for c in answer["manifest"]["schema"].get("columns", [])]
    return names, [dict(zip(names, row)) for row in answer["result"].get("data_array", [])]


@pytest.fixture(scope="module")
def catalog(rest):
    return rest.rows("select current_catalog()")[0][0]


@pytest.fixture
def filled(rest, schema):
    rest.rows(f"create table {schema}.people (id bigint not null comment 'the key', name string, pay decimal(10,2)) comment 'who'")
    rest.rows(f"create table {schema}.places (x int)")
    rest.rows(f"create view {schema}.named as select name from {schema}.people")
    return schema


def test_catalogs(rest, catalog):
    names, rows = ask(rest, "SHOW CATALOGS")
    assert names == ["catalog"] and {"catalog": catalog} in rows
    assert ask(rest, f"SHOW CATALOGS LIKE '{catalog}'")[1] == [{"catalog": catalog}]


def test_schemas(rest, catalog, filled):
    for text in (f"SHOW SCHEMAS IN {catalog} LIKE '{filled[:4]}%'", f"SHOW SCHEMAS IN `{catalog}` LIKE '{filled}'", f"SHOW SCHEMAS IN `{catalog}`",
                 f"SHOW SCHEMAS IN `{catalog}` LIKE '{filled[:-1]}*'", f"SHOW SCHEMAS IN {catalog}"):
        names, rows = ask(rest, text)
        assert names[0] == "databaseName", text
        assert filled in [row["databaseName"] for row in rows], text
    assert ask(rest, f"SHOW SCHEMAS IN `{catalog}` LIKE 'no_such*'")[1] == []


def test_schemas_of_all_catalogs(rest, catalog, filled):
    names, rows = ask(rest, "SHOW SCHEMAS IN ALL CATALOGS")
    assert set(names) >= {"databaseName", "catalog"}
    assert (catalog, filled) in [(row["catalog"], row["databaseName"]) for row in rows]


@pytest.mark.parametrize("pattern", ["*", "%", "peo*", "peo%", "people", "peopl."])
def test_tables(rest, catalog, filled, pattern):
    for text in (f"SHOW TABLES IN CATALOG `{catalog}` SCHEMA LIKE '{filled}' LIKE '{pattern}'",
                 f"SHOW TABLES IN CATALOG {catalog} SCHEMA LIKE '{filled}' LIKE '{pattern}'"):
        names, rows = ask(rest, text)
        assert names[:7] == ["namespace", "tableName", "isTemporary", "information", "catalogName", "tableType", "remarks"], names
        [people] = [row for row in rows if row["tableName"] == "people"]
        assert (people["namespace"], people["catalogName"], people["isTemporary"]) == (filled, catalog, "false")
        assert people["tableType"] in ("TABLE", "MANAGED") and people["remarks"] == "who"
        if pattern in ("*", "%"):
            assert {row["tableName"]: row["tableType"] for row in rows}["named"] == "VIEW"


def test_tables_of_all_catalogs(rest, catalog, filled):
    rows = ask(rest, "SHOW TABLES IN ALL CATALOGS")[1]
    assert {(catalog, filled, "people"), (catalog, filled, "named")} <= {(r["catalogName"], r["namespace"], r["tableName"]) for r in rows}


def test_columns(rest, catalog, filled):
    expected = ["col_name", "catalogName", "namespace", "tableName", "columnType", "columnSize", "decimalDigits", "radix", "isNullable", "remarks",
                "ordinalPosition", "isAutoIncrement", "isGenerated"]
    for text in (f"SHOW COLUMNS IN CATALOG `{catalog}` SCHEMA LIKE '{filled}' TABLE LIKE 'people'",
                 f"SHOW COLUMNS IN CATALOG {catalog} SCHEMA LIKE '{filled}' TABLE LIKE 'peo%' LIKE '%'"):
        names, rows = ask(rest, text)
        assert names == expected
        assert [(r["col_name"], r["columnType"].upper()) for r in rows] == [("id", "BIGINT"), ("name", "STRING"), ("pay", "DECIMAL(10,2)")]
        first = int(rows[0]["ordinalPosition"])
        assert [int(r["ordinalPosition"]) - first for r in rows] == [0, 1, 2]
        assert {r["isNullable"] for r in rows} <= {"true", "false"} and rows[1]["isNullable"] == "true" and rows[0]["remarks"] == "the key"
        assert {(r["catalogName"], r["namespace"], r["tableName"]) for r in rows} == {(catalog, filled, "people")}
    rows = ask(rest, f"SHOW COLUMNS IN CATALOG `{catalog}` SCHEMA LIKE '{filled}' TABLE LIKE 'people' LIKE 'na*'")[1]
    assert [r["col_name"] for r in rows] == ["name"]


def test_columns_of_everything(rest, catalog, filled):
    rows = ask(rest, f"SHOW COLUMNS IN CATALOG `{catalog}` SCHEMA LIKE '*' TABLE LIKE '*'")[1]
    assert (filled, "people", "pay") in [(r["namespace"], r["tableName"], r["col_name"]) for r in rows]


def test_keys(rest, catalog, filled):
    names, rows = ask(rest, f"SHOW KEYS IN CATALOG `{catalog}` IN SCHEMA `{filled}` IN TABLE `people`")
    assert names == ["catalogName", "namespace", "tableName", "col_name", "keySeq", "constraintName"] and rows == []
    names, rows = ask(rest, f"SHOW FOREIGN KEYS IN CATALOG `{catalog}` IN SCHEMA `{filled}` IN TABLE `people`")
    assert names == ["parentCatalogName", "parentNamespace", "parentTableName", "parentColName", "catalogName", "namespace", "tableName", "col_name",
                     "keySeq", "updateRule", "deleteRule", "constraintName", "deferrability"] and rows == []


def test_functions(rest, catalog):
    names, rows = ask(rest, f"SHOW FUNCTIONS IN CATALOG `{catalog}` SCHEMA LIKE '*' LIKE '*'")
    assert names
    text = f"""SELECT routine_catalog, routine_schema, routine_name, comment, specific_name FROM `{catalog}`.information_schema.routines
               WHERE routine_type = 'FUNCTION' AND routine_schema LIKE 'default' ORDER BY routine_catalog, routine_schema, routine_name"""
    assert ask(rest, text)[0] == ["routine_catalog", "routine_schema", "routine_name", "comment", "specific_name"]


def test_views(rest, filled):
    names, rows = ask(rest, f"SHOW VIEWS FROM {filled}")
    assert "viewName" in names and [row["viewName"] for row in rows] == ["named"]


def test_information_schema(rest, catalog, filled):
    for place in (f"`{catalog}`.`information_schema`", "`system`.`information_schema`"):
        rows = rest.rows(f"select table_name, table_type from {place}.`tables` where table_catalog = '{catalog}' and table_schema = '{filled}' order by 1")
        assert [row[0] for row in rows] == ["named", "people", "places"] and rows[0][1] == "VIEW"
        rows = rest.rows(f"select column_name, ordinal_position, is_nullable, full_data_type from {place}.columns "
                         f"where table_schema = '{filled}' and table_name = 'people' order by ordinal_position")
        assert [row[0] for row in rows] == ["id", "name", "pay"] and rows[1][2] == "YES"
        assert [filled] in rest.rows(f"select schema_name from {place}.schemata where catalog_name = '{catalog}'")


def test_information_schema_of_governance_is_there_and_empty(rest, catalog):
    for table in ("row_filters", "column_masks", "table_tags", "column_tags", "schema_tags", "table_constraints", "key_column_usage",
                  "referential_constraints", "constraint_column_usage"):
        assert rest.rows(f"select * from `{catalog}`.`information_schema`.`{table}`") == [], table


def test_describe_as_json(rest, filled):
    [[text]] = rest.rows(f"describe table extended {filled}.people as json")
    told = json.loads(text)
    assert [column["name"] for column in told["columns"]] == ["id", "name", "pay"]
    assert told["table_name"] == "people" and told["schema_name"] == filled


def test_plain_show_statements_stay_sparks(rest, filled):
    """Without a driver's form the columns are those of Spark."""
    answer = rest.run(f"show tables in {filled}")
    assert [c["name"] for c in answer["manifest"]["schema"]["columns"]][:3] == ["namespace", "tableName", "isTemporary"] \
        or [c["name"] for c in answer["manifest"]["schema"]["columns"]][:3] == ["database", "tableName", "isTemporary"]


def test_unknown_places(rest, catalog):
    assert rest.failure("SHOW SCHEMAS IN `no_such_catalog`")["sql_state"] == "42704"
    rows = ask(rest, f"SHOW TABLES IN CATALOG `{catalog}` SCHEMA LIKE 'no_such_schema' LIKE '*'")[1]
    assert rows == []
