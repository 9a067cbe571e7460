// @databricks/sql with its kernel: each check prints its name; a wrong one prints why.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(process.env.HEARTH_NODE_MODULES + '/');
const { DBSQLClient, DBSQLParameter, DBSQLParameterType } = require('@databricks/sql');

const SLOW = process.env.HEARTH_SLOW;
const schema = process.env.HEARTH_SCHEMA;

async function all(session, text, options) {
  const operation = await session.executeStatement(text, options);
  const rows = await operation.fetchAll();
  await operation.close();
  return rows;
}

const checks = {
  async rows(session) {
    assert.deepEqual(await all(session, "select 1 as a, 'x' as b, cast(null as int) as c"), [{ a: 1, b: 'x', c: null }]);
    assert.deepEqual(await all(session, 'select id from range(0)'), []);
  },

  async types(session) {
    const [row] = await all(session, `select true as b, 3 as i, 2.5D as d, cast('12.30' as decimal(18,2)) as m, date'2021-01-02' as day,
      timestamp'2021-01-02 10:00:00Z' as at, X'00ff' as bin, array(1, 2) as list, named_struct('x', 1) as s`);
    assert.equal(row.b, true);
    assert.equal(row.i, 3);
    assert.equal(row.d, 2.5);
    assert.equal(Number(row.m), 12.3);
    assert.equal(new Date(row.at).toISOString(), '2021-01-02T10:00:00.000Z');
    assert.deepEqual([...row.bin], [0, 255]);
  },

  async schema(session) {
    const operation = await session.executeStatement("select 1 as a, 'x' as b");
    const told = await operation.getSchema();
    assert.deepEqual(told.columns.map((column) => column.columnName), ['a', 'b']);
    await operation.close();
  },

  async namedParameters(session) {
    const rows = await all(session, 'select :n + 1 as n, :t as t, :x as x, :d as d', {
      namedParameters: { n: 41, t: "it's :n", x: null, d: new DBSQLParameter({ type: DBSQLParameterType.DATE, value: '2021-01-02' }) },
    });
    assert.equal(rows[0].n, 42);
    assert.equal(rows[0].t, "it's :n");
    assert.equal(rows[0].x, null);
  },

  async ordinalParameters(session) {
    const rows = await all(session, 'select ? as a, ? + 1 as b', { ordinalParameters: ['a', 20] });
    assert.deepEqual(rows, [{ a: 'a', b: 21 }]);
  },

  async largeResult(session) {
    const operation = await session.executeStatement("select id, concat('row ', id) as t from range(500000)");
    let seen = 0;
    for await (const chunk of operation.iterateChunks({ maxRows: 50000 })) {
      if (chunk.length > 0) {
        assert.equal(Number(chunk[0].id), seen);
        assert.equal(chunk[chunk.length - 1].t, `row ${seen + chunk.length - 1}`);
      }
      seen += chunk.length;
    }
    assert.equal(seen, 500000);
    await operation.close();
  },

  async sessionState(session) {
    await all(session, `use ${schema}`);
    await all(session, 'create temporary view v as select 42 as a');
    assert.deepEqual(await all(session, 'select current_schema() as s, a from v'), [{ s: schema, a: 42 }]);
  },

  async changes(session) {
    await all(session, `create table ${schema}.t (a int, b string)`);
    await all(session, `insert into ${schema}.t values (1, 'x'), (2, null)`);
    assert.deepEqual(await all(session, `select * from ${schema}.t order by a`), [{ a: 1, b: 'x' }, { a: 2, b: null }]);
  },

  async metadata(session) {
    const [{ catalog }] = await all(session, 'select current_catalog() as catalog');
    const values = async (operation) => (await (await operation).fetchAll()).map((row) => Object.values(row));
    assert.ok((await values(session.getCatalogs())).flat().includes(catalog));
    assert.ok((await values(session.getSchemas({ catalogName: catalog }))).flat().includes(schema));
    assert.ok((await values(session.getTables({ catalogName: catalog, schemaName: schema }))).flat().includes('t'));
    const columns = await values(session.getColumns({ catalogName: catalog, schemaName: schema, tableName: 't' }));
    assert.equal(columns.length, 2);
    await values(session.getFunctions({ catalogName: catalog, schemaName: schema, functionName: '%' }));
    assert.deepEqual(await values(session.getPrimaryKeys({ catalogName: catalog, schemaName: schema, tableName: 't' })), []);
  },

  async errors(session) {
    await assert.rejects(all(session, 'select * from no_such_table'), /TABLE_OR_VIEW_NOT_FOUND/);
    await assert.rejects(all(session, 'select 1/0'), /DIVIDE_BY_ZERO/);
    assert.deepEqual(await all(session, 'select 1 as a'), [{ a: 1 }]);
  },

  async cancel(session) {
    const operation = await session.executeStatement(SLOW, { runAsync: true });
    await operation.cancel();
    await assert.rejects(operation.fetchAll());
  },
};

const client = new DBSQLClient();
await client.connect({
  host: process.env.HEARTH_URL, path: `/sql/1.0/warehouses/${process.env.HEARTH_WAREHOUSE}`, token: 'any', useKernel: true, telemetryEnabled: false,
});
const session = await client.openSession({ configuration: { TIMEZONE: 'UTC' } });
let wrong = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check(session);
    console.log(`ok ${name}`);
  } catch (error) {
    wrong += 1;
    console.log(`WRONG ${name}\n${error.stack}`);
  }
}
await session.close();
await client.close();
process.exit(wrong ? 1 : 0);
