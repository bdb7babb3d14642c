import { expect, test } from '@jest/globals';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { pruneStream } from '../../landing/prune-stream.ts';
import { checkLog } from '../../store/retention/check-log.ts';
import { long } from '../support/long.ts';
import { none, useRebuilds } from './rebuild-bench.ts';
import { aStream, runOf } from './run-of.ts';

const bench = useRebuilds();
const NIGHTS = long ? 365 : 14;
const RECORDS = long ? 3000 : 200;
const PAGE = 1000;

/** What a partner has: the feed of a night, and what it must come to. */
class Feed {
  readonly live = new Map<string, number>();
  readonly gone: string[] = [];
  #keys = 0;
  #state = 20_260_101;

  /** Of a hundred records one is late, one a delete, and five are the same as before; two of five others are new. */
  night(records: number): { readonly records: unknown[]; readonly counts: Record<string, number> } {
    const counts = { inserted: 0, updated: 0, unchanged: 0, stale: 0, deleted: 0 };
    const touched = new Set<string>();
    const sent = Array.from({ length: records }, (_, n) => {
      const kind = n % 100;
      // Of one night's records no two are of one key, so that their order says nothing.
      const key = kind < 7 || kind % 5 < 3 ? this.#known(touched) : undefined;
      if (key === undefined) {
        const fresh = `key_${(this.#keys += 1)}`;
        touched.add(fresh);
        this.live.set(fresh, 10);
        counts.inserted += 1;
        return record(fresh, 10);
      }
      touched.add(key);
      const version = this.live.get(key) as number;
      if (kind === 0) {
        counts.stale += 1;
        return record(key, version - 5, 'late');
      }
      if (kind === 1) {
        this.live.delete(key);
        this.gone.push(key);
        counts.deleted += 1;
        return { id: key, v: version + 1, deleted_at: '2026-01-01T00:00:00Z' };
      }
      if (kind < 7) {
        counts.unchanged += 1;
        return record(key, version);
      }
      this.live.set(key, version + 10);
      counts.updated += 1;
      return record(key, version + 10);
    });
    return { records: sent, counts };
  }

  #known(but: ReadonlySet<string>): string | undefined {
    for (let tries = 0; tries < 50 && this.#keys > 0; tries++) {
      this.#state = (this.#state * 1_103_515_245 + 12_345) % 2_147_483_648;
      const key = `key_${1 + (this.#state % this.#keys)}`;
      if (this.live.has(key) && !but.has(key)) return key;
    }
    return undefined;
  }
}

const record = (id: string, v: number, word = 'as it is'): unknown => ({
  id,
  v,
  text: `${word}: what the partner has to say of ${id} in its version ${v}, which is about as long as records of payments are`,
});

const definition: Partial<StreamInput> = {
  deletes: { field: 'deleted_at' },
  schema: {
    type: 'object',
    required: ['id', 'v'],
    properties: { id: { type: 'string' }, v: { type: 'integer' }, text: { type: 'string' } },
  },
};

interface Sizes {
  readonly lines: number;
  readonly log: number;
  readonly table: number;
  readonly tombstones: number;
  readonly pages: number;
}

async function sizesOf(stream: CompiledStream): Promise<Sizes> {
  const { rows } = await bench.pool.query<Record<keyof Sizes, string>>(
    `select (select count(*) from events e where e.stream_id = s.stream_id) as lines,
        pg_total_relation_size(format('events_%s', s.stream_id)::regclass) as log,
        pg_total_relation_size(format('%I.%I', s.target_schema, s.target_table)::regclass) as "table",
        (select count(*) from tombstones t where t.stream_id = s.stream_id) as tombstones,
        (select count(*) from pages p where p.stream_id = s.stream_id) as pages
      from streams s where s.partner = $1`,
    [stream.partner.name],
  );
  const row = rows[0] as (typeof rows)[number];
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as unknown as Sizes;
}

test(
  `${NIGHTS} nights of late, deleted and repeated records are balanced every night, with retention and without`,
  async () => {
    const keep: StreamInput['keep'] = { log: { age: long ? '90d' : '4d', atLeast: '2d' }, ledger: '30d' };
    const streams = [aStream(definition), aStream({ ...definition, keep })] as const;
    const feed = new Feed();
    for (let night = 0; night < NIGHTS; night++) {
      const window = new Date(Date.UTC(2026, 0, 1 + night)).toISOString().slice(0, 10);
      const { records, counts } = feed.night(RECORDS);
      for (const stream of streams) {
        // A day goes by.
        await bench.pool.query(
          `update pages p set committed_at = committed_at - interval '1 day' from streams s where s.partner = $1 and p.stream_id = s.stream_id`,
          [stream.partner.name],
        );
        await bench.pool.query(
          `update stream_runs r set finished_at = finished_at - interval '1 day' from streams s where s.partner = $1 and r.stream_id = s.stream_id`,
          [stream.partner.name],
        );
        const run = await runOf(bench.warehouse, stream, { window });
        for (let from = 0; from < records.length; from += PAGE)
          await run.commit(run.page(records.slice(from, from + PAGE)));
        const report = await run.finish();
        expect({ night, outcome: report.outcome, ...report.counts }).toMatchObject({
          night,
          outcome: 'ok',
          fetched: RECORDS,
          ...counts,
        });
      }
      if (!long || night % 7 === 6) {
        await pruneStream(bench.pool, streams[1], { dryRun: false });
      }
      for (const { partner } of streams) {
        const log =
          night % 7 === 6 ? await checkLog(bench.pool, { partner: partner.name, stream: 'orders' }) : undefined;
        expect(log ?? { missing: 0, rows: 0 }).toMatchObject({ missing: 0, rows: 0 });
        const { rows } = await bench.pool.query(`select count(*)::integer as count from ${partner.name}.orders`);
        expect([night, rows[0]]).toEqual([night, { count: feed.live.size }]);
      }
    }
    const sizes: Sizes[] = [];
    for (const stream of streams) {
      expect(await bench.compare(stream)).toMatchObject({ differences: none });
      await bench.pool.query(`vacuum events`);
      sizes.push(await sizesOf(stream));
    }
    const [whole, kept] = sizes as [Sizes, Sizes];
    if (long) process.stdout.write(`${JSON.stringify({ whole, kept })}\n`);
    const shown = { table: expect.any(Number), tombstones: feed.gone.length };
    expect(whole).toMatchObject(shown);
    expect(kept).toMatchObject(shown);
    expect(kept.lines).toBeLessThan(whole.lines);
    expect(feed.gone.length).toBeGreaterThan(NIGHTS / 2);
    // Late records still meet the tombstones, of whatever night.
    for (const stream of streams) {
      const run = await runOf(bench.warehouse, stream, { window: '2027-06-01' });
      await run.commit(run.page(feed.gone.slice(0, 100).map((key) => record(key, 5))));
      const { counts } = await run.finish();
      expect(counts).toMatchObject({ stale: Math.min(100, feed.gone.length), inserted: 0 });
    }
  },
  long ? 3_600_000 : 60_000,
);
