"""databricks-sqlalchemy: tables made and reflected, rows by the ORM, pandas both ways."""

import pandas
import pytest
import sqlalchemy
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, func, inspect, select
from sqlalchemy.orm import Session, declarative_base


@pytest.fixture
def catalog(rest):
    return rest.rows("select current_catalog()")[0][0]


@pytest.fixture
def engine(url, http_path, catalog, schema):
    host = url.removeprefix("http://")
    made = create_engine(f"databricks://token:any@{host}?http_path={http_path}&catalog={catalog}&schema={schema}",
                         connect_args={"server_hostname": url, "use_kernel": True, "enable_telemetry": False})
    yield made
    made.dispose()


def test_select(engine):
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("select 1 as a, 'x' as b")).all() == [(1, "x")]
        assert connection.execute(sqlalchemy.text("select :n + 1"), {"n": 41}).scalar() == 42


def test_reflection(engine, rest, schema):
    rest.rows(f"create table {schema}.people (id bigint not null, name string, pay decimal(10, 2), born date, at timestamp, ok boolean)")
    rest.rows(f"create view {schema}.named as select name from {schema}.people")
    inspector = inspect(engine)
    assert schema in inspector.get_schema_names()
    assert inspector.get_table_names() == ["people"]
    assert inspector.get_view_names() == ["named"]
    assert inspector.has_table("people") and not inspector.has_table("nobody")
    columns = {column["name"]: column for column in inspector.get_columns("people")}
    assert list(columns) == ["id", "name", "pay", "born", "at", "ok"]
    assert isinstance(columns["id"]["type"], sqlalchemy.types.BigInteger)
    assert isinstance(columns["pay"]["type"], sqlalchemy.types.Numeric)
    assert (columns["pay"]["type"].precision, columns["pay"]["type"].scale) == (10, 2)
    assert isinstance(columns["born"]["type"], sqlalchemy.types.Date)
    assert isinstance(columns["ok"]["type"], sqlalchemy.types.Boolean)
    assert inspector.get_pk_constraint("people")["constrained_columns"] == []
    assert inspector.get_foreign_keys("people") == [] and inspector.get_indexes("people") == []
    table = Table("people", MetaData(), autoload_with=engine)
    assert table.columns.keys() == list(columns)


def test_tables_and_rows(engine):
    base = declarative_base()

    class Person(base):
        __tablename__ = "person"
        id = Column(Integer, primary_key=True, autoincrement=False)
        name = Column(String)

    Person.__table__.create(engine)
    with Session(engine) as session:
        session.add_all([Person(id=1, name="Ada"), Person(id=2, name="O'Hara"), Person(id=3, name=None)])
        session.commit()
        assert session.scalar(select(func.count()).select_from(Person)) == 3
        assert [p.name for p in session.scalars(select(Person).where(Person.id < 3).order_by(Person.id))] == ["Ada", "O'Hara"]
    base.metadata.drop_all(engine)
    assert not inspect(engine).has_table("person")


def test_pandas(engine):
    frame = pandas.DataFrame({"id": [1, 2, 3], "name": ["a", "b", None], "v": [1.5, 2.5, 3.5]})
    frame.to_sql("frame", engine, index=False)
    frame.head(1).to_sql("frame", engine, index=False, if_exists="append")
    back = pandas.read_sql("select * from frame order by id, name", engine)
    assert back["id"].tolist() == [1, 1, 2, 3] and back["v"].sum() == 9.0
    assert pandas.read_sql_table("frame", engine).shape == (4, 3)
    frame.to_sql("frame", engine, index=False, if_exists="replace")
    assert pandas.read_sql("select count(*) as n from frame", engine)["n"][0] == 3


def test_errors(engine):
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.DBAPIError, match="TABLE_OR_VIEW_NOT_FOUND"):
        connection.execute(sqlalchemy.text("select * from no_such_table"))
