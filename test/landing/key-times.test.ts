import { describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, constantFrom, date, integer, oneof, stringMatching, tuple } from 'fast-check';
import { columnText } from '../../core/column-text.ts';
import { keyPart } from '../../core/key-text.ts';
import { appliedEvents } from '../../apply/applied-events.ts';
import { tableOf } from '../../apply/table-of.ts';
import type { LoggedEvent } from '../../core/logged-event.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import type { Target, TargetRow } from '../../targets/target.ts';
import { useDuckdb } from '../support/duckdb-target.ts';
import { changesOf, valuesOf } from '../support/target-rows.ts';
import { usePool } from '../support/use-pool.ts';
import { aStream, rowsOf, runOf } from './run-of.ts';

const used = usePool(2);
const duckdb = useDuckdb();

const two = (n: number): string => String(n).padStart(2, '0');
const day = oneof(
  constantFrom('0001-01-01', '0001-12-31', '1582-10-10', '1969-12-31', '2000-02-29', '9999-01-01', '9999-12-31'),
  date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }).map((at) =>
    at.toISOString().slice(0, 10),
  ),
);
const clock = tuple(integer({ min: 0, max: 23 }), integer({ min: 0, max: 59 }), integer({ min: 0, max: 59 })).map(
  (parts) => parts.map(two).join(':'),
);
const fraction = oneof(
  constantFrom('', '.1', '.123456', '.1234565', '.1234575', '.9999995', '.9999999', '.0000005', '.000000499999999999'),
  stringMatching(/^\.\d{1,30}$/),
);
const zone = constantFrom('', 'Z', 'z', '+00:00', '-00:00', '+01:00', '-0930', '+14:59', '-14:59');
const time = tuple(day, constantFrom('T', 't', ' '), clock, fraction, zone).map((parts) => parts.join(''));

test('the key text of every time that lands is the instant that PostgreSQL makes of the time itself', async () => {
  await assert(
    asyncProperty(array(time, { minLength: 50, maxLength: 100 }), async (values) => {
      const texts = values.map((value) => (columnText('timestamp', value) as { text: string }).text);
      const keys = texts.map((text) => keyPart('timestamp', text));
      const { rows } = await used.pool.query<{ value: string; key: string; utc: string }>(
        `select (extract(epoch from value::timestamptz) * 1000000)::bigint as value,
            (extract(epoch from key::timestamptz) * 1000000)::bigint as key,
            to_char(value::timestamptz at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || case when value::timestamptz < '0001-01-01T00:00:00Z' then ' BC' else '' end as utc
          from unnest($1::text[], $2::text[]) with ordinality as t(value, key, place) order by place`,
        [texts, keys],
      );
      expect(rows.map(({ key }) => key)).toEqual(rows.map(({ value }) => value));
      // One instant, one text.
      expect(keys).toEqual(rows.map(({ utc }) => utc));
    }),
    { numRuns: 20 },
  );
});

const at = (format: 'date-time' | 'date'): CompiledStream =>
  aStream({
    primaryKey: ['at'],
    version: ['v'],
    schema: {
      type: 'object',
      required: ['at'],
      properties: { at: { type: 'string', format }, same: { type: 'string', format }, v: { type: 'integer' } },
    },
    errorBudget: { count: 100, share: 1 },
  });

/** A time that is a key, and the same one in a column that is none. */
const record = (text: string, v = 1): unknown => ({ at: text, same: text, v });

const extremes = ['0001-01-01T00:30:00+01:00', '9999-12-31T23:59:59-05:00', '9999-12-31T23:59:59.9999999Z'];
const fine = ['2026-01-01T00:00:00.1234567Z', '2026-01-01T00:00:00.123456Z', '2026-06-30T23:59:59.9999995Z'];

describe('a time as key', () => {
  test.each([
    ['that its zone moves out of the years 1 to 9999', extremes],
    ['of more digits than the microsecond has', fine],
  ])('%s lands as the instant that other columns hold, and is found again', async (_what, times) => {
    const stream = at('date-time');
    const run = await runOf(postgresWarehouse(used.pool), stream);
    expect(await run.commit(run.page(times.map((text) => record(text))))).toMatchObject({ inserted: times.length });
    expect(await run.commit(run.page(times.map((text) => record(text))))).toMatchObject({ unchanged: times.length });
    expect(await run.commit(run.page(times.map((text) => record(text, 2))))).toMatchObject({ updated: times.length });
    expect(await run.finish()).toMatchObject({ outcome: 'ok' });
    const rows = await rowsOf(used.pool, stream);
    expect(rows.map((row) => row['at'])).toEqual(rows.map((row) => row['same']));
    expect(rows).toHaveLength(times.length);
  });

  test.each(['2026-01-01T24:00:00Z', '2026-12-31T23:59:60Z', '0000-01-01T00:00:00Z', '-000043-03-15T00:00:00Z'])(
    'that PostgreSQL or we do not know as one is held with the reason: %s',
    async (text) => {
      const stream = at('date-time');
      const run = await runOf(postgresWarehouse(used.pool), stream);
      const page = run.page([record(text), record('+010000-01-01T00:00:00Z'), record('infinity'), record(fine[0]!)]);
      expect(await run.commit(page)).toMatchObject({ inserted: 1, quarantined: 3 });
      const { rows } = await used.pool.query<{ path: string; reason: string }>(
        'select path, reason from quarantine q join streams s using (stream_id) where s.partner = $1',
        [stream.partner.name],
      );
      for (const { path, reason } of rows) {
        expect(path).toBe('at');
        expect(reason).toMatch(
          /^expected (a time with its zone such as .*|an ISO 8601 time of the years 1 to 9999), found /,
        );
      }
      expect(rows).toHaveLength(3);
    },
  );

  test('is one in DuckDB as well: every row is found by its key', async () => {
    const stream = at('date-time');
    const times = [...extremes, ...fine];
    const { applied } = await appliedEvents(
      stream,
      times.map((text, i) => eventOf(i + 1, record(text))),
    );
    const table = tableOf(stream);
    const target: Target = await duckdb.open({ path: duckdb.newPath() });
    await target.open(table);
    await target.apply(
      table,
      changesOf(
        0,
        applied.map(({ row }) => row as TargetRow),
      ),
    );
    const keys = applied.map(({ keyTexts }) => keyTexts);
    expect((await target.heads(table, keys)).map((head) => head?.event)).toEqual(times.map((_, i) => i + 1));
    for (const [key, same] of await valuesOf(target, table)) expect(key).toBe(same);
    await target.apply(table, { from: times.length, to: 99, clears: false, deletes: keys, upserts: [] });
    expect(await valuesOf(target, table)).toEqual([]);
  });
});

test('a day as key is itself; one that the calendar does not have is held', async () => {
  const stream = at('date');
  const run = await runOf(postgresWarehouse(used.pool), stream);
  const days = ['0001-01-01', '2000-02-29', '9999-12-31'];
  const none = ['0000-01-01', '2026-02-29', '10000-01-01', 'infinity', '0044-03-15 BC'];
  expect(await run.commit(run.page([...days, ...none].map((text) => record(text))))).toMatchObject({
    inserted: 3,
    quarantined: 5,
  });
  expect(await run.commit(run.page(days.map((text) => record(text))))).toMatchObject({ unchanged: 3 });
  expect((await rowsOf(used.pool, stream)).map((row) => row['at'])).toEqual(days);
});

test('rows of keys that an earlier version cut are one with the new ones after a rebuild', async () => {
  const stream = at('date-time');
  const { name } = stream.partner;
  const [text = ''] = fine;
  const run = await runOf(postgresWarehouse(used.pool), stream);
  await run.commit(run.page([record(text)]));
  // As it wrote them.
  const cut = '2026-01-01T00:00:00.123456Z';
  await used.pool.query(`update "${name}".orders set at = '${cut}'`);
  await used.pool.query(
    `update events set key = '${cut}' where stream_id = (select stream_id from streams where partner = '${name}')`,
  );
  await run.commit(run.page([record(text), record(text, 2)]));
  expect(await rowsOf(used.pool, stream)).toHaveLength(2);
  await rebuildTable(used.pool, { stream, dryRun: false, acceptUnfit: false, progress: () => {} });
  expect(await rowsOf(used.pool, stream)).toMatchObject([{ at: '2026-01-01T00:00:00.123457+00:00', v: 2 }]);
  expect(await run.commit(run.page([record(text, 2)]))).toMatchObject({ unchanged: 1 });
});

function eventOf(event: number, of: unknown): LoggedEvent {
  return {
    event,
    operation: 'u',
    key: null,
    payload: JSON.stringify(of),
    parents: [],
    version: null,
    hash: 'f'.repeat(32),
    page: 1,
    ordinal: event,
    run: 1,
    received: { page: 1, ordinal: event },
  };
}
