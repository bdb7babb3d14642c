import { describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, boolean, constantFrom, integer, oneof, record } from 'fast-check';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { undoRuns } from '../../landing/undo-run.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { removeEntries } from '../../store/retention/remove.ts';
import { defineStream } from '../support/define-stream.ts';
import { long } from '../support/long.ts';
import { usePool } from '../support/use-pool.ts';
import { rowsOf, runOf } from './run-of.ts';

const used = usePool(4);

const properties = { id: { type: 'string' }, n: { type: 'integer' }, m: { type: 'string' }, text: { type: 'string' } };
const schema = (required: readonly string[]): StreamInput['schema'] => ({ type: 'object', required, properties });

interface Definitions {
  readonly strict: CompiledStream;
  /** `text` need not be there. */
  readonly lenient: CompiledStream;
}

let partners = 0;
function definitions(change: Partial<StreamInput> = {}, lenient: Partial<StreamInput> = {}): Definitions {
  const rest = { name: `overtaken${++partners}` };
  const common = { version: ['n'], errorBudget: { count: 1000, share: 1 }, ...change };
  return {
    strict: defineStream({ ...common, schema: schema(['id', 'text']) }, rest),
    lenient: defineStream({ ...common, ...lenient, schema: schema(['id']) }, rest),
  };
}

let runs = 0;
async function arrive(stream: CompiledStream, ...pages: readonly (readonly unknown[])[]): Promise<string> {
  const window = new Date(Date.UTC(2026, 0, ++runs)).toISOString().slice(0, 10);
  const run = await runOf(postgresWarehouse(used.pool), stream, { window });
  for (const records of pages) await run.commit(run.page(records));
  await run.finish();
  return run.opened.run.syncId;
}

interface Entry {
  readonly payload: string;
  readonly overtaken: boolean;
}

/** What is held, each with whether a newer record has overtaken it. */
async function heldOf(stream: CompiledStream): Promise<readonly Entry[]> {
  const { rows } = await used.pool.query<Entry>(
    `select payload, superseded_at is not null as overtaken from quarantine q join streams s using (stream_id)
      where s.partner = $1 and status = 'held' order by page, ordinal`,
    [stream.partner.name],
  );
  return rows;
}
const overtaken = async (stream: CompiledStream): Promise<readonly string[]> =>
  (await heldOf(stream)).flatMap((entry) => (entry.overtaken ? [entry.payload] : []));

async function replay(stream: CompiledStream, which: (payload: string) => boolean = () => true): Promise<void> {
  const held = await readQuarantine(used.pool, { partner: stream.partner.name, status: 'held', limit: 1000 });
  await replayQuarantine(postgresWarehouse(used.pool), {
    stream,
    held: held.filter(({ payload }) => which(payload ?? '')),
    nowMs: Date.parse('2026-01-02T00:00:00Z'),
  });
}

const contents = async (stream: CompiledStream): Promise<readonly string[]> =>
  (await rowsOf(used.pool, stream)).map(({ id, n, text }) => JSON.stringify([id, n, text])).toSorted();

async function streamIdOf(stream: CompiledStream): Promise<number> {
  const { rows } = await used.pool.query<{ id: number }>('select stream_id as id from streams where partner = $1', [
    stream.partner.name,
  ]);
  return rows[0]?.id as number;
}

const good = (id: string, n: number, text = 'good') => ({ id, n, text });
const bad = (id: string, n: unknown) => ({ id, n });
const textOf = (value: unknown): string => JSON.stringify(value);

describe('a held record of a stream with versions', () => {
  test('is overtaken by a newer one, whichever comes first, and not by an older one', async () => {
    const { strict } = definitions();
    await arrive(strict, [bad('a', 2), bad('b', 2), bad('c', 2)]);
    await arrive(strict, [good('a', 3), good('b', 1), good('d', 5)], [bad('d', 4), bad('d', 6)]);
    expect(await overtaken(strict)).toEqual([bad('a', 2), bad('d', 4)].map(textOf));
    // Unchanged, and all the same it is there.
    await arrive(strict, [good('d', 5)], [bad('b', 0)]);
    expect(await overtaken(strict)).toEqual([bad('a', 2), bad('d', 4), bad('b', 0)].map(textOf));
  });

  test('of the same version is overtaken by the same record, and not by another one', async () => {
    const { strict, lenient } = definitions();
    await arrive(strict, [bad('a', 2), bad('b', 2)]);
    await arrive(lenient, [bad('a', 2), good('b', 2)]);
    expect(await overtaken(strict)).toEqual([textOf(bad('a', 2))]);
  });

  test.each([
    ['absent', { id: 'a' }],
    ['null', bad('a', null)],
    ['of another type', bad('a', '1')],
    ['a fraction', bad('a', 0.5)],
  ])('whose version is %s stays', async (_, record) => {
    const { strict } = definitions();
    await arrive(strict, [record]);
    await arrive(strict, [good('a', 3)], [record]);
    expect(await heldOf(strict)).toEqual([{ payload: textOf(record), overtaken: false }]);
  });

  test('is one again when it comes again, and its version is compared anew', async () => {
    const { strict } = definitions();
    await arrive(strict, [bad('a', 2)]);
    const newer = await arrive(strict, [good('a', 3)]);
    expect(await overtaken(strict)).toHaveLength(1);
    await arrive(strict, [bad('a', 2)]);
    expect(await overtaken(strict)).toHaveLength(1);
    await undoRuns(used.pool, {
      runs: [{ stream: strict, syncId: newer }],
      by: 'ann',
      reason: 'wrong',
      dryRun: false,
    });
    expect(await overtaken(strict)).toEqual([]);
    await arrive(strict, [bad('a', 2)]);
    expect(await heldOf(strict)).toEqual([{ payload: textOf(bad('a', 2)), overtaken: false }]);
  });

  test('stays where versions were made of other fields', async () => {
    const { strict, lenient } = definitions({}, { version: ['m'] });
    await arrive(strict, [{ ...bad('a', 2), m: 'z' }]);
    await arrive(lenient, [{ ...good('a', 1), m: 'a' }]);
    expect(await overtaken(strict)).toEqual([]);
    await arrive(strict, [{ ...bad('a', 0), m: 'z' }]);
    expect(await overtaken(strict)).toEqual([textOf({ ...bad('a', 0), m: 'z' })]);
  });

  test.each([
    ['a history shows each version', { history: true }],
    ['each record is a row', { disposition: 'append' }],
    ['a listing counts as a whole', { disposition: 'replace' }],
  ] satisfies [string, Partial<StreamInput>][])('stays where %s', async (_, change) => {
    const { strict } = definitions(change);
    await arrive(strict, [bad('a', 2)]);
    await arrive(strict, [good('a', 3)]);
    expect(await heldOf(strict)).toMatchObject([{ overtaken: false }]);
  });

  test('with a key that is only the beginning of another one stays', async () => {
    const { strict } = definitions();
    const key = 'k'.repeat(600);
    await arrive(strict, [bad(`${key}1`, 2), bad(key, 2)]);
    await arrive(strict, [good(key, 3)]);
    expect(await overtaken(strict)).toEqual([]);
  });

  test('whose key no column takes does not disturb the page', async () => {
    const strict = defineStream(
      {
        version: ['n'],
        errorBudget: { count: 1000, share: 1 },
        schema: {
          type: 'object',
          required: ['id', 'text'],
          properties: { id: { type: 'number' }, n: { type: 'integer' }, text: { type: 'string' } },
        },
      },
      { name: `overtaken${++partners}` },
    );
    await arrive(strict, [
      { id: 1e300, n: 1 },
      { id: 1, n: 3, text: 'good' },
      { id: 1, n: 2 },
    ]);
    expect(await overtaken(strict)).toEqual([textOf({ id: 1, n: 2 })]);
  });
});

test('whatever comes in whatever order: just what a landed record overtakes is marked, and without it a replay of the rest ends the same', async () => {
  const one = record({
    id: constantFrom('a', 'b'),
    n: oneof({ weight: 6, arbitrary: integer({ min: 0, max: 4 }) }, { weight: 1, arbitrary: constantFrom('1', null) }),
    isGood: boolean(),
  });
  const step = oneof(
    { weight: 4, arbitrary: record({ records: array(one, { minLength: 1, maxLength: 4 }), lenient: boolean() }) },
    { weight: 1, arbitrary: record({ replays: constantFrom('a', 'b') }) },
  );
  await assert(
    asyncProperty(array(step, { minLength: 1, maxLength: 7 }), async (steps) => {
      const pair = [definitions(), definitions()] as const;
      const landed: { readonly id: string; readonly n: number; readonly payload: string }[] = [];
      const land = (payload: string): void => {
        const { id, n } = JSON.parse(payload) as { id: string; n: number | string };
        landed.push({ id, n: Number(n), payload });
      };
      for (const { strict, lenient } of pair) {
        landed.length = 0;
        await arrive(strict, [good('z', 1)]);
        for (const each of steps)
          if ('replays' in each) {
            const isIt = (payload: string): boolean =>
              payload.startsWith(`{"id":"${each.replays}"`) && /"n":\d/.test(payload);
            const held = await heldOf(strict);
            await replay(lenient, isIt);
            for (const { payload } of held) if (isIt(payload)) land(payload);
          } else {
            const stream = each.lenient ? lenient : strict;
            const records = each.records.map(({ id, n, isGood }) => (isGood ? { id, n, text: 'good' } : { id, n }));
            await arrive(stream, records);
            for (const { id, n, text } of records as { id: string; n: unknown; text?: string }[])
              // Digits are an integer, too: larger ones than a double holds come so.
              if (n !== null && (each.lenient || text !== undefined))
                land(textOf(text === undefined ? { id, n } : { id, n, text }));
          }
        for (const { payload, overtaken: is } of await heldOf(strict)) {
          const { id, n } = JSON.parse(payload) as { id: string; n: unknown };
          const newer = typeof n === 'number' && landed.some((other) => other.id === id && other.n > n);
          // Behind another content of the same version the same record may not be seen any more.
          const same = landed.some((other) => other.payload === payload);
          expect([payload, is]).toEqual([payload, same ? is : newer]);
          expect([payload, is || !newer]).toEqual([payload, true]);
        }
      }
      const [all, rest] = pair;
      await removeEntriesNow(rest.strict);
      expect(await overtaken(rest.strict)).toEqual([]);
      for (const { lenient } of pair) await replay(lenient);
      expect(await contents(rest.strict)).toEqual(await contents(all.strict));
    }),
    long ? { numRuns: 150 } : { numRuns: 12, seed: 20 },
  );
}, 600_000);

/** As `keep.settled` does, without the wait. */
async function removeEntriesNow(stream: CompiledStream): Promise<void> {
  const streamId = await streamIdOf(stream);
  await used.pool.query(
    `update quarantine set superseded_at = superseded_at - interval '2 days', quarantined_at = quarantined_at - interval '2 days',
      last_seen_at = last_seen_at - interval '2 days' where stream_id = $1`,
    [streamId],
  );
  await removeEntries(used.pool, { streamId, olderMs: 86_400_000, dryRun: false });
}
