import { describe, expect, test } from '@jest/globals';
import { replayQuarantine, type Replayed } from '../../activities/replay-quarantine.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { randomOf } from '../../simulator/random.ts';
import { readQuarantine, type QuarantinedRecord } from '../../store/quarantine/quarantine.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { defineStream } from '../support/define-stream.ts';
import { usePool } from '../support/use-pool.ts';
import { ledgerOf, rowsOf, runOf } from './run-of.ts';

const used = usePool(4);

const schema = (required: readonly string[]): StreamInput['schema'] => ({
  type: 'object',
  required,
  properties: { id: { type: 'string' }, n: { type: 'integer' }, text: { type: ['string', 'null'] } },
});
/** `text` is required, and then no longer. */
interface Definitions {
  readonly strict: CompiledStream;
  readonly lenient: CompiledStream;
}

let partners = 0;
function definitions(change: Partial<StreamInput> = {}): Definitions {
  const rest = { name: `order${++partners}` };
  const of = (required: readonly string[]): CompiledStream =>
    defineStream({ version: [], errorBudget: { count: 1000, share: 1 }, ...change, schema: schema(required) }, rest);
  return { strict: of(['id', 'text']), lenient: of(['id']) };
}

const good = (id: string, n: number): unknown => ({ id, n, text: 'good' });
const bad = (id: string, n: number): unknown => ({ id, n });

let runs = 0;
/** A page of a run of its own. */
async function arrive(stream: CompiledStream, records: readonly unknown[]): Promise<void> {
  const window = new Date(Date.UTC(2026, 0, ++runs)).toISOString().slice(0, 10);
  const run = await runOf(postgresWarehouse(used.pool), stream, { window });
  await run.commit(run.page(records));
}

const held = (stream: CompiledStream): Promise<QuarantinedRecord[]> =>
  readQuarantine(used.pool, { partner: stream.partner.name, stream: stream.name, status: 'held', limit: 1000 });

async function replay(stream: CompiledStream, records?: readonly QuarantinedRecord[]): Promise<Replayed> {
  return replayQuarantine(postgresWarehouse(used.pool), {
    stream,
    held: records ?? (await held(stream)),
    nowMs: Date.parse('2026-01-02T00:00:00Z'),
  });
}

const contents = async (stream: CompiledStream): Promise<unknown[]> =>
  inOrder((await rowsOf(used.pool, stream)).map(({ id, n, text }) => [id, n, text]));
const inOrder = (rows: readonly (readonly unknown[])[]): unknown[] =>
  rows.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));

describe('a replay of a stream without a version', () => {
  test('leaves what came after the bad record, and logs it with when it was received', async () => {
    const { strict, lenient } = definitions();
    await arrive(strict, [good('a', 1), bad('a', 2), bad('b', 1)]);
    await arrive(strict, [good('a', 3)]);
    const { report, fitted } = await replay(lenient);
    expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: 2, inserted: 1, stale: 1 } });
    expect(fitted.toSorted()).toEqual(['1.1', '1.2']);
    expect(await contents(strict)).toEqual([
      ['a', 3, 'good'],
      ['b', 1, null],
    ]);
    const { events } = await ledgerOf(used.pool, strict);
    expect(events).toMatchObject([
      { event: 1, received_page: null, received_ordinal: null },
      { event: 2, received_page: null, received_ordinal: null },
      { event: 3, page: 3, received_page: 1, received_ordinal: 1 },
      { event: 4, page: 3, received_page: 1, received_ordinal: 2 },
    ]);
  });

  test('takes a bad record that came after the row', async () => {
    const { strict, lenient } = definitions();
    await arrive(strict, [good('a', 1)]);
    await arrive(strict, [bad('a', 2)]);
    expect((await replay(lenient)).report).toMatchObject({ counts: { updated: 1 } });
    expect(await contents(strict)).toEqual([['a', 2, null]]);
  });

  test('knows of what came again unchanged, which made no event; it adds none either', async () => {
    const { strict, lenient } = definitions();
    await arrive(strict, [good('a', 1)]);
    await arrive(strict, [bad('a', 2)]);
    await arrive(strict, [good('a', 1)]);
    const { report } = await replay(lenient);
    expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: 1, stale: 1 } });
    expect(await contents(strict)).toEqual([['a', 1, 'good']]);
    expect((await ledgerOf(used.pool, strict))['events']).toHaveLength(1);
    expect(await held(strict)).toEqual([]);
  });

  test.each([
    ['before', [good('a', 1), bad('a', 2)], ['a', 2, null]],
    ['after', [bad('a', 2), good('a', 1)], ['a', 1, 'good']],
  ])('knows what came unchanged %s the bad record of the same page', async (_where, records, row) => {
    const { strict, lenient } = definitions();
    await arrive(strict, [good('a', 1)]);
    await arrive(strict, records);
    await replay(lenient);
    expect(await contents(strict)).toEqual([row]);
  });

  test('goes by the last time that a bad record was seen', async () => {
    const { strict, lenient } = definitions();
    await arrive(strict, [good('a', 1)]);
    await arrive(strict, [bad('a', 2)]);
    await arrive(strict, [good('a', 1)]);
    await arrive(strict, [bad('a', 2)]);
    expect((await replay(lenient)).report).toMatchObject({ counts: { fetched: 1, updated: 1 } });
    expect(await contents(strict)).toEqual([['a', 2, null]]);
  });

  test('needs no mark on the entry to know of a newer row: earlier versions made none', async () => {
    const { strict, lenient } = definitions();
    await arrive(strict, [bad('a', 1)]);
    await arrive(strict, [good('a', 2)]);
    await used.pool.query('update quarantine set superseded_at = null');
    expect((await replay(lenient)).report).toMatchObject({ counts: { fetched: 1, stale: 1 } });
    expect(await contents(strict)).toEqual([['a', 2, 'good']]);
  });

  test('in several parts ends with the newest, whichever part comes first', async () => {
    const { strict, lenient } = definitions();
    for (const n of [1, 2, 3]) await arrive(strict, [bad('a', n)]);
    const [third, second, first] = await held(strict);
    for (const [record, n] of [
      [second, 2],
      [first, 2],
      [third, 3],
    ] as const) {
      await replay(lenient, [record as QuarantinedRecord]);
      expect(await contents(strict)).toEqual([['a', n, null]]);
    }
  });

  test('brings a record once, however many replay it at the same time with what each has read', async () => {
    const { strict, lenient } = definitions({ disposition: 'append', primaryKey: [] });
    await arrive(strict, [bad('a', 1), bad('b', 1)]);
    const both = await held(strict);
    const parts = [both, both.slice(0, 1), both.slice(1)];
    const replays = await Promise.all(parts.map((part) => replay(lenient, part)));
    expect(replays.map(({ fitted }) => fitted.length)).toEqual([2, 1, 1]);
    expect(await contents(strict)).toEqual([
      ['a', 1, null],
      ['b', 1, null],
    ]);
  });
});

test('with a version the later arrival still wins among equal versions, and an older one loses', async () => {
  const { strict, lenient } = definitions({ version: ['n'] });
  await arrive(strict, [bad('a', 1), bad('b', 2)]);
  await arrive(strict, [good('a', 2), good('b', 2)]);
  expect((await replay(lenient)).report).toMatchObject({ counts: { fetched: 2, stale: 1, updated: 1, conflicts: 1 } });
  expect(await contents(strict)).toEqual([
    ['a', 2, 'good'],
    ['b', 2, null],
  ]);
});

/** What a stream without a version must be: of each key, the record received last among those that were good or went through. */
class Model {
  readonly #arrivals: { readonly id: string; readonly n: number; readonly text: string | null; taken: boolean }[] = [];

  arrive(record: Readonly<Record<string, unknown>>, lenient: boolean): void {
    const { id, n, text = null } = record as { id: string; n: number; text?: string };
    this.#arrivals.push({ id, n, text, taken: lenient || text !== null });
  }

  replay(which: (id: string, n: number) => boolean): void {
    for (const each of this.#arrivals) if (which(each.id, each.n)) each.taken = true;
  }

  rows(): unknown[] {
    const newest = new Map(
      this.#arrivals.filter(({ taken }) => taken).map(({ id, n, text }) => [id, [id, n, text]] as const),
    );
    return inOrder([...newest.values()]);
  }
}

describe('good records, bad records and replays in any order', () => {
  test.each(Array.from({ length: 12 }, (_, seed) => seed))(
    'end as if each had been good when it came: seed %i',
    async (seed) => {
      const random = randomOf(seed);
      const pick = (upTo: number): number => Math.floor(random() * upTo);
      const { strict, lenient } = definitions();
      const model = new Model();
      for (let step = 0; step < 14; step++) {
        if (step > 0 && pick(3) === 0) {
          const chosen = (await held(strict)).filter(() => pick(2) === 0);
          const isChosen = new Set(chosen.map(({ payload }) => payload));
          await replay(lenient, chosen);
          model.replay((id, n) => isChosen.has(JSON.stringify(bad(id, n))));
        } else {
          const definition = pick(4) === 0 ? lenient : strict;
          const records = Array.from({ length: 1 + pick(3) }, () =>
            (pick(2) === 0 ? good : bad)(['a', 'b'][pick(2)] as string, pick(2)),
          );
          await arrive(definition, records);
          for (const record of records) model.arrive(record as Record<string, unknown>, definition === lenient);
        }
        expect(await contents(strict)).toEqual(model.rows());
      }
      await replay(lenient);
      model.replay(() => true);
      expect(await contents(strict)).toEqual(model.rows());
      expect(await held(strict)).toEqual([]);
    },
  );
});
