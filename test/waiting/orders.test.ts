import { describe, expect, test } from '@jest/globals';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import { pick, randomOf } from '../../simulator/random.ts';
import { long } from '../support/long.ts';
import { usePool } from '../support/use-pool.ts';
import { aBank, arrive, rows } from './bank.ts';

const used = usePool(4);

interface Said {
  readonly stream: 'payments' | 'refunds' | 'fees';
  readonly id: string;
  readonly v: number;
  readonly of: string | null;
  readonly gone: boolean;
}

/** What must be so: of each key the newest version, of records whose needs are there; deletes need nothing. */
function model(all: readonly Said[]): ReadonlyMap<string, readonly string[]> {
  const needed = { payments: undefined, refunds: 'payments', fees: 'refunds' } as const;
  const told = (stream: Said['stream']): readonly Said[] => {
    const from = needed[stream];
    const there = from === undefined ? [] : told(from).filter(({ gone }) => !gone);
    return all.filter(
      (each) => each.stream === stream && (each.gone || from === undefined || there.some(({ id }) => id === each.of)),
    );
  };
  const table = (stream: Said['stream']): readonly string[] => {
    const newest = new Map<string, Said>();
    for (const each of told(stream)) if ((newest.get(each.id)?.v ?? 0) < each.v) newest.set(each.id, each);
    return [...newest.values()].flatMap(({ id, v, gone }) => (gone ? [] : [`${id} ${v}`])).toSorted();
  };
  return new Map((['payments', 'refunds', 'fees'] as const).map((stream) => [stream, table(stream)]));
}

/** Payments are never deleted here: one that is gone is absent for what comes later, and then the order counts. */
const world = (random: () => number): readonly Said[] => [
  ...['a', 'b', 'c']
    .slice(0, 1 + Math.floor(random() * 3))
    .map((id) => ({ stream: 'payments' as const, id, v: 1, of: null, gone: false })),
  ...Array.from({ length: 10 }, (_, n): Said => {
    const isFee = random() < 0.3;
    const of = pick(random, isFee ? ['r0', 'r1', 'never'] : ['a', 'b', 'c', 'never']);
    const key = Math.floor(random() * 3);
    return {
      stream: isFee ? 'fees' : 'refunds',
      id: isFee ? `f${key}` : `r${key}`,
      v: n + 1,
      of,
      gone: isFee && random() < 0.3,
    };
  }),
];

function shuffled<T>(random: () => number, items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

const cases = Array.from({ length: long ? 300 : 8 }, (_, n) => n);

describe('over three streams with deletes', () => {
  test.each(cases)('any order, batching and repetition comes to the same tables: seed %i', async (seed) => {
    const random = randomOf(17, seed);
    const all = world(random);
    const streams = aBank({
      payments: {},
      refunds: { requires: { original: { stream: 'payments', by: 'of' } } },
      fees: {
        requires: { refund: { stream: 'refunds', by: 'of' } },
        deletes: { field: 'gone', as: pick(random, ['hard', 'hard', 'soft'] as const) },
      },
    });
    const warehouse = postgresWarehouse(used.pool);
    for (const stream of Object.values(streams)) await arrive(warehouse, stream);
    const coming = [...shuffled(random, [...all, ...all.filter(() => random() < 0.3)])];
    while (coming.length > 0) {
      const stream = coming[0]!.stream;
      const most = 1 + Math.floor(random() * 4);
      const page: Said[] = [];
      while (page.length < most && coming[0]?.stream === stream) page.push(coming.shift()!);
      await arrive(warehouse, streams[stream], ...page.map(({ stream: _stream, ...record }) => record));
    }
    const expected = model(all);
    for (const [name, stream] of Object.entries(streams)) {
      const { rows: soft } = await used.pool.query<{ row: string }>(
        `select concat_ws(' ', id, v) as row from "${stream.partner.name}"."${name}" where _deleted_at is not null`,
      );
      const gone = new Set(soft.map(({ row }) => row));
      expect((await rows(used.pool, stream)).filter((row) => !gone.has(row))).toEqual(expected.get(name));
      // From the log alone the same.
      const { differences } = await rebuildTable(used.pool, {
        stream,
        dryRun: true,
        acceptUnfit: false,
        progress: () => {},
      });
      expect(differences).toMatchObject({ changed: 0, gone: 0, came: 0 });
    }
  });
});
