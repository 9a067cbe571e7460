package hearth;

import static hearth.Checks.failure;
import static hearth.Checks.same;
import static hearth.Checks.truth;

import java.math.BigDecimal;
import java.sql.*;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The JDBC driver over plain http by this API (`ssl=0`, `UseThriftClient=0`). */
final class JdbcChecks {
  private static final String SCHEMA = System.getenv("HEARTH_SCHEMA");
  private static final String SLOW = System.getenv("HEARTH_SLOW");
  private final String more;

  /** `more` are further properties of the URL. */
  JdbcChecks(String more) {
    this.more = more;
  }

  Checks checks(String name) {
    return new Checks()
        .add(name + " rows", this::rows)
        .add(name + " types", this::types)
        .add(name + " prepared statement", this::prepared)
        .add(name + " large result", this::large)
        .add(name + " changes", this::changes)
        .add(name + " session", this::session)
        .add(name + " metadata", this::metadata)
        .add(name + " errors", this::errors)
        .add(name + " cancel", this::cancel);
  }

  private Connection open() throws SQLException {
    String address = System.getenv("HEARTH_URL").replace("http://", "");
    return DriverManager.getConnection("jdbc:databricks://" + address + "/default;ssl=0;httpPath=/sql/1.0/warehouses/"
        + System.getenv("HEARTH_WAREHOUSE") + ";AuthMech=3;UID=token;PWD=any;EnableTelemetry=0" + more);
  }

  private static List<List<String>> ask(Statement statement, String text) throws SQLException {
    try (ResultSet results = statement.executeQuery(text)) {
      return all(results);
    }
  }

  private static List<List<String>> all(ResultSet results) throws SQLException {
    List<List<String>> rows = new ArrayList<>();
    int width = results.getMetaData().getColumnCount();
    while (results.next()) {
      List<String> row = new ArrayList<>();
      for (int column = 1; column <= width; column++) {
        row.add(results.getString(column));
      }
      rows.add(row);
    }
    return rows;
  }

  private void rows() throws SQLException {
    try (Connection connection = open(); Statement statement = connection.createStatement()) {
      same(List.of(List.of("1", "x")), ask(statement, "select 1 as a, 'x' as b"));
      same(List.of(), ask(statement, "select id from range(0)"));
      try (ResultSet results = statement.executeQuery("select 1 as a, cast(null as string) as b")) {
        same("b", results.getMetaData().getColumnName(2));
        same(Types.VARCHAR, results.getMetaData().getColumnType(2));
        truth(results.next(), "no row");
        same(1, results.getInt("a"));
        same(null, results.getString("b"));
        truth(results.wasNull(), "not null");
      }
    }
  }

  private void types() throws SQLException {
    try (Connection connection = open(); Statement statement = connection.createStatement();
        ResultSet results = statement.executeQuery("select true, 2S, 3, 4L, 1.5F, 2.5D, cast('12.30' as decimal(18, 2)), X'00ff', date'2021-01-02', "
            + "timestamp'2021-01-02 10:00:00Z', array(1, 2), named_struct('x', 1)")) {
      truth(results.next(), "no row");
      same(true, results.getBoolean(1));
      same((short) 2, results.getShort(2));
      same(3, results.getInt(3));
      same(4L, results.getLong(4));
      same(1.5F, results.getFloat(5));
      same(2.5, results.getDouble(6));
      same(new BigDecimal("12.30"), results.getBigDecimal(7));
      same((byte) 0xff, results.getBytes(8)[1]);
      same(Date.valueOf("2021-01-02"), results.getDate(9));
      same(java.time.Instant.parse("2021-01-02T10:00:00Z"), results.getTimestamp(10).toInstant());
      truth(results.getString(11).contains("1"), results.getString(11));
      same(Types.DECIMAL, results.getMetaData().getColumnType(7));
      same(18, results.getMetaData().getPrecision(7));
      same(2, results.getMetaData().getScale(7));
    }
  }

  private void prepared() throws SQLException {
    try (Connection connection = open(); PreparedStatement statement = connection.prepareStatement("select ? + 1, ?, ?, ?, ?")) {
      statement.setInt(1, 41);
      statement.setString(2, "it's ?");
      statement.setBigDecimal(3, new BigDecimal("1.50"));
      statement.setDate(4, Date.valueOf("2021-01-02"));
      statement.setNull(5, Types.VARCHAR);
      try (ResultSet results = statement.executeQuery()) {
        truth(results.next(), "no row");
        same(42, results.getInt(1));
        same("it's ?", results.getString(2));
        same(0, new BigDecimal("1.5").compareTo(results.getBigDecimal(3)));
        same(Date.valueOf("2021-01-02"), results.getDate(4));
        same(null, results.getString(5));
      }
    }
  }

  private void large() throws SQLException {
    try (Connection connection = open(); Statement statement = connection.createStatement();
        ResultSet results = statement.executeQuery("select id, concat('row ', id) as t from range(500000)")) {
      long seen = 0;
      while (results.next()) {
        if (results.getLong(1) != seen || seen % 1000 == 0 && !results.getString(2).equals("row " + seen)) {
          throw new AssertionError("row " + seen + " is " + results.getLong(1) + ", " + results.getString(2));
        }
        seen++;
      }
      same(500000L, seen);
    }
  }

  private void changes() throws SQLException {
    try (Connection connection = open(); Statement statement = connection.createStatement()) {
      statement.execute("drop table if exists " + SCHEMA + ".changed");
      statement.execute("create table " + SCHEMA + ".changed (a int, b string)");
      same(2, statement.executeUpdate("insert into " + SCHEMA + ".changed values (1, 'x'), (2, null)"));
      List<List<String>> rows = ask(statement, "select * from " + SCHEMA + ".changed order by a");
      same("[[1, x], [2, null]]", rows.toString());
      try (PreparedStatement insert = connection.prepareStatement("insert into " + SCHEMA + ".changed values (?, ?)")) {
        for (int n = 3; n < 6; n++) {
          insert.setInt(1, n);
          insert.setString(2, "batch");
          insert.addBatch();
        }
        same(3, insert.executeBatch().length);
      }
      same(List.of(List.of("5")), ask(statement, "select count(*) from " + SCHEMA + ".changed"));
    }
  }

  private void session() throws SQLException {
    try (Connection connection = open()) {
      connection.setSchema(SCHEMA);
      same(SCHEMA, connection.getSchema());
      try (Statement statement = connection.createStatement()) {
        statement.execute("create temporary view v as select 42 as a");
        statement.execute("set spark.sql.session.timeZone = Europe/Rome");
      }
      try (Statement statement = connection.createStatement()) {
        same(List.of(List.of(SCHEMA, "Europe/Rome", "42")), ask(statement, "select current_schema(), current_timezone(), a from v"));
      }
      truth(connection.isValid(10), "not valid");
    }
  }

  private static Set<String> column(ResultSet results, String name) throws SQLException {
    Set<String> values = new TreeSet<>();
    while (results.next()) {
      values.add(results.getString(name));
    }
    results.close();
    return values;
  }

  private void metadata() throws SQLException {
    try (Connection connection = open(); Statement statement = connection.createStatement()) {
      statement.execute("create table if not exists " + SCHEMA + ".people (id bigint not null, name string)");
      statement.execute("create or replace view " + SCHEMA + ".named as select name from " + SCHEMA + ".people");
      String catalog = ask(statement, "select current_catalog()").get(0).get(0);
      DatabaseMetaData told = connection.getMetaData();
      truth(column(told.getCatalogs(), "TABLE_CAT").contains(catalog), "catalog");
      truth(column(told.getSchemas(catalog, "%"), "TABLE_SCHEM").contains(SCHEMA), "schema");
      Set<String> tables = column(told.getTables(catalog, SCHEMA, "%", null), "TABLE_NAME");
      truth(tables.containsAll(Set.of("people", "named")), tables);
      same(Set.of("named"), column(told.getTables(catalog, SCHEMA, "%", new String[] {"VIEW"}), "TABLE_NAME"));
      try (ResultSet columns = told.getColumns(catalog, SCHEMA, "people", "%")) {
        truth(columns.next(), "no column");
        same("id", columns.getString("COLUMN_NAME"));
        int first = columns.getInt("ORDINAL_POSITION");
        same(Types.BIGINT, columns.getInt("DATA_TYPE"));
        truth(columns.next(), "one column");
        same("name", columns.getString("COLUMN_NAME"));
        same(Types.VARCHAR, columns.getInt("DATA_TYPE"));
        same(first + 1, columns.getInt("ORDINAL_POSITION"));
        truth(!columns.next(), "a third column");
      }
      same(Set.of(), column(told.getPrimaryKeys(catalog, SCHEMA, "people"), "COLUMN_NAME"));
      same(Set.of(), column(told.getImportedKeys(catalog, SCHEMA, "people"), "FKCOLUMN_NAME"));
      truth(column(told.getTypeInfo(), "TYPE_NAME").contains("BIGINT"), "types");
      told.getFunctions(catalog, SCHEMA, "%").close();
      truth(!told.getDatabaseProductVersion().isEmpty(), "version");
    }
  }

  private void errors() throws SQLException {
    try (Connection connection = open(); Statement statement = connection.createStatement()) {
      String[][] expected = {
        {"select * from no_such_table", "TABLE_OR_VIEW_NOT_FOUND", "42P01"}, {"selec 1", "PARSE_SYNTAX_ERROR", "42601"},
        {"select 1/0", "DIVIDE_BY_ZERO", "22012"}};
      for (String[] wanted : expected) {
        SQLException caught = (SQLException) failure(() -> ask(statement, wanted[0]));
        truth(caught.getMessage().contains(wanted[1]), caught.getMessage());
        same(wanted[2], caught.getSQLState());
      }
      same(List.of(List.of("1")), ask(statement, "select 1"));
    }
  }

  /** A blocked statement is cancelled from another thread, once the driver has learnt its id. */
  private void cancel() throws Exception {
    try (Connection connection = open(); Statement statement = connection.createStatement()) {
      Thread canceller = new Thread(() -> {
        try {
          Thread.sleep(12_000);
          statement.cancel();
        } catch (SQLException | InterruptedException failure) {
          failure.printStackTrace(System.out);
        }
      });
      canceller.start();
      long began = System.nanoTime();
      truth(failure(() -> statement.executeQuery(SLOW)) instanceof SQLException, "another failure");
      truth(System.nanoTime() - began < 40_000_000_000L, "too late");
      canceller.join();
    }
  }
}
