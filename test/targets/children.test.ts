import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { StreamInput } from '../../definitions/definition.ts';
import type { TargetDefinition } from '../../definitions/targets.ts';
import { kinds, useKind } from './kinds.ts';
import { openLandBench, PARTNER, type LandBench } from './land-bench.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

const fields = {
  sku: { type: 'string' },
  qty: { type: 'integer' },
  price: { type: 'number' },
  at: { type: 'string', format: 'date-time' },
  on: { type: 'string', format: 'date' },
  ok: { type: 'boolean' },
  of: { type: 'object', properties: { 'a/b': { type: 'string' }, tags: { type: ['array', 'null'] } } },
};
const definition = (table: string, more: Record<string, unknown> = {}): Partial<StreamInput> => ({
  primaryKey: ['id'],
  children: { items: { table } },
  schema: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      items: { type: 'array', items: { type: 'object', properties: { ...fields, ...more } } },
    },
  },
});

/** As a person reads it, with the driver alone. */
async function read(where: TargetDefinition, text: string): Promise<unknown[][]> {
  if (where.type === 'duckdb') {
    const instance = await DuckDBInstance.create(where.path, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const rows = (await connection.runAndReadAll(text)).getRowsJson();
    connection.closeSync();
    instance.closeSync();
    return rows;
  }
  const client = new Client({ connectionString: where.url });
  await client.connect();
  const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' });
  await client.end();
  return rows;
}

describe.each(kinds)('tables of children in a %s target', (kind) => {
  const warehouse = useKind(kind);

  test('are views that say what the table says, also behind a rebuild and other columns', async () => {
    const stream = `parents_${kind}`;
    const lines = `lines_${kind}`;
    await bench.define({ [stream]: definition(lines) });
    const element =
      '{"sku":"x\\u00e9","qty":9007199254740993,"price":12345678901.123456789,"at":"2026-01-02T03:04:05Z","on":"2026-01-02","ok":true,"of":{"a/b":"n","tags":[1,null]}}';
    await bench.pull(stream, [
      [`{"id":"a","items":[${element},{"sku":"y","of":{"tags":null}}]}`, '{"id":"b","items":[]}', '{"id":"c"}'],
    ]);
    const where = await warehouse.declare();
    const target = await warehouse.open(where);
    await bench.apply(stream, target);
    await bench.pull(stream, [['{"id":"b","items":[{"sku":"z","qty":1,"note":"n"}]}']]);
    await bench.apply(stream, target);
    const name = `${PARTNER}.${lines}`;
    const columns = `${stream}_id, _position, sku, qty::varchar, price::varchar, epoch, "on"::varchar, ok, of_tags::varchar`;
    const epoch = kind === 'duckdb' ? 'epoch("at")::integer' : 'extract(epoch from "at")::integer';
    const rows = async (asked: string): Promise<unknown[][]> => {
      if (kind === 'duckdb') await target.close();
      return read(where, `select ${asked} from ${name} order by 1, 2`);
    };
    const own = `"of_a/b"`;
    expect(await rows(`${columns.replace('epoch', epoch)}, ${own}`)).toEqual([
      [
        'a',
        0,
        'xé',
        '9007199254740993',
        kind === 'duckdb' ? '12345678901.123457' : '12345678901.123456789',
        1767323045,
        '2026-01-02',
        true,
        expect.stringMatching(/^\[1, ?null\]$/),
        'n',
      ],
      ['a', 1, 'y', null, null, null, null, null, null, null],
      ['b', 0, 'z', '1', null, null, null, null, null, null],
    ]);
    const again = await warehouse.open(where);
    await bench.define({ [stream]: definition(lines, { note: { type: 'string' } }) });
    await bench.pull(stream, [[]]);
    // Rows that somebody changed are made anew in another table, which takes the place of this one.
    const table = await bench.tableOf(stream);
    const { event } = await again.open(table);
    await again.apply(table, { from: event, to: event, clears: false, deletes: [['a']], upserts: [] });
    expect(await bench.rebuild(stream, again)).toMatchObject({ report: { applied: true } });
    if (kind === 'duckdb') await again.close();
    expect(await read(where, `select ${stream}_id, _position, note from ${name} order by 1, 2`)).toEqual([
      ['a', 0, null],
      ['a', 1, null],
      ['b', 0, 'n'],
    ]);
  });
});
