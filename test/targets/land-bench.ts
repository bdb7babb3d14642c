import { once } from 'node:events';
import { utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { applyTarget } from '../../activities/apply/apply-target.ts';
import { pullStream } from '../../activities/pull/pull-stream.ts';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import { loadedTable, tableOf } from '../../apply/table-of.ts';
import { noFailpoint } from '../../core/failpoint.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { randomUUID } from 'node:crypto';
import { compareTarget } from '../../activities/apply/compare-target.ts';
import { rebuildTarget } from '../../activities/apply/rebuild-target.ts';
import type { RowDifference } from '../../core/target-comparison.ts';
import { STORE, target as targetDefinition } from '../../definitions/targets.ts';
import type { CompareSoFar, CompareStepped } from '../../messages/compare-target.ts';
import { readComparison, readDifferences, type Comparison } from '../../store/comparisons/read-comparisons.ts';
import { openTarget } from '../../workers/open-target.ts';
import type { RebuildStep, RebuildStepped } from '../../messages/rebuild-target.ts';
import type { AppliedToTarget } from '../../messages/apply-target.ts';
import { plainNames } from '../../messages/names.ts';
import { readTargetState, type TargetState } from '../../store/target-states.ts';
import { postgresTargetStore } from '../../store/target-store.ts';
import { readRows } from '../../targets/postgres/read-rows.ts';
import type { ReadRow, Target, TargetTable } from '../../targets/target.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import type { StreamReport } from '../../landing/warehouse.ts';
import { partnerRegistry } from '../../workers/partner-registry.ts';
import { freshDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const PARTNER = 'shore';
const TARGET = 'lake';

export interface LandBench {
  readonly pool: Pool;
  /** The store's database. */
  readonly url: string;
  /** The folder that the partner's definition is in. */
  readonly dir: string;
  /** Writes the partner's definition anew. */
  define(streams: Readonly<Record<string, Partial<StreamInput>>>): Promise<void>;
  /** Reads a stream once; these are the records of its pages, each as the partner writes it. */
  pull(stream: string, pages: readonly (readonly string[])[]): Promise<StreamReport>;
  /** Sends what the stream holds in quarantine through again. */
  replay(stream: string): Promise<void>;
  /** One activity of the target's queue, also for `STREAM.history`; `rows`: most events a load. */
  apply(stream: string, target: Target, rows?: number): Promise<AppliedToTarget>;
  /** The same for a history in the store's own database. */
  applyInStore(stream: string): Promise<AppliedToTarget>;
  /** One activity of a rebuild. `patient`: it has time for all of it. */
  rebuildStep(
    stream: string,
    target: Target,
    of?: Partial<Omit<RebuildStep, 'stream'>> & { readonly rows?: number; readonly patient?: boolean },
  ): Promise<RebuildStepped>;
  /** All of a rebuild. */
  rebuild(
    stream: string,
    target: Target,
    of?: Partial<Omit<RebuildStep, 'stream'>> & { readonly rows?: number },
  ): Promise<RebuildStepped>;
  /** All of a comparison with the store, and its findings. `between`: what happens after the first look, and each time it waits. */
  compare(stream: string, target: Target, of?: CompareOf): Promise<Compared>;
  streamOf(stream: string): Promise<CompiledStream>;
  compiled(stream: string): Promise<CompiledStream>;
  /** Also of `STREAM.history`. */
  tableOf(stream: string): Promise<TargetTable>;
  /** What the store's own table shows, in the words of a target. */
  shown(stream: string): Promise<readonly ReadRow[]>;
  landed(stream: string, target: Target): Promise<readonly ReadRow[]>;
  state(stream: string): Promise<TargetState | undefined>;
  /** What loads have told the operator. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

export interface CompareOf {
  readonly between?: () => Promise<void>;
  /** Also where the history is. */
  readonly targets?: readonly string[];
  /** The one before it with this id is gone on with. */
  readonly runId?: string;
  readonly signal?: AbortSignal;
  /** What the comparison gets instead of the store's own database. */
  readonly store?: (own: Target) => Target;
}

export interface Compared extends Comparison {
  readonly found: readonly RowDifference[];
  /** Activities that it took. */
  readonly steps: number;
}

const now = (): number => Date.now();
const place = (stream: string) => ({ target: TARGET, partner: PARTNER, stream });

/** A partner, the store and its reading for real, and loads into targets, without Temporal. */
export async function openLandBench(): Promise<LandBench> {
  let served: readonly (readonly string[])[] = [];
  const server = createServer((request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://partner').searchParams.get('after') ?? 0);
    const next = page + 1 < served.length ? `"${page + 1}"` : 'null';
    response
      .setHeader('content-type', 'application/json')
      .end(`{"data":[${(served[page] ?? []).join(',')}],"next":${next}}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [database, folder] = await Promise.all([freshDatabase(), temporaryFolder()]);
  const pool = openPool(database.url);
  const warehouse = postgresWarehouse(pool);
  const quiet = { info: () => {}, warn: () => {}, debug: () => {} };
  const partners = partnerRegistry({ names: plainNames, dir: folder.path, env: {}, pool, warehouse, log: quiet, now });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let defined: Record<string, StreamInput> = {};
  let times = 0;
  let store: Target | undefined;
  const warnings: string[] = [];
  const openStore = async (): Promise<Target> =>
    (store ??= await openTarget(
      STORE,
      targetDefinition.parse({ type: 'postgres', url: database.url }),
      plainNames.controlSchema,
    ));
  const streamOf = async (name: string) => (await partners.access(PARTNER, name)).stream;
  const tableNamed = async (name: string): Promise<TargetTable> => {
    const found = loadedTable(await partners.streams(PARTNER), name);
    if (found === undefined) throw new Error(`no table ${name}`);
    return found.table;
  };
  const rebuildStep: LandBench['rebuildStep'] = (stream, target, { rows = 1000, patient = false, ...step } = {}) => {
    // Each look at the clock is later than a step may take.
    let ms = 0;
    return rebuildTarget(
      {
        partners,
        targets: {
          of: () => Promise.resolve([TARGET]),
          open: () => Promise.resolve(target),
          loads: () => Promise.resolve({ everyMs: 10_000, rows }),
        },
        store: postgresTargetStore(pool),
        now: () => (patient ? 0 : (ms += 100_000)),
        draining: () => false,
      },
      { ...place(stream), action: 'rebuild', acceptUnfit: false, soFar: null, ...step },
      { signal: new AbortController().signal, heartbeat: () => {} },
    );
  };
  const load = (
    stream: string,
    target: Target,
    { rows = 1000, at = TARGET }: { readonly rows?: number | undefined; readonly at?: string },
  ): Promise<AppliedToTarget> =>
    applyTarget(
      {
        partners,
        targets: {
          of: () => Promise.resolve([at]),
          open: () => Promise.resolve(target),
          loads: () => Promise.resolve({ everyMs: 10_000, rows }),
        },
        store: postgresTargetStore(pool),
        failpoint: noFailpoint,
        now,
        draining: () => false,
      },
      { ...place(stream), target: at },
      { signal: new AbortController().signal, heartbeat: () => {}, warn: (message) => warnings.push(message) },
    );
  const compare: LandBench['compare'] = async (stream, target, of = {}) => {
    const { between, targets = [TARGET], runId = randomUUID(), signal = new AbortController().signal } = of;
    const own = of.store?.(await openStore()) ?? (await openStore());
    let soFar: CompareSoFar | null = null;
    for (let steps = 1; ; steps++) {
      const stepped: CompareStepped = await compareTarget(
        {
          partners,
          targets: {
            of: () => Promise.resolve(targets),
            open: (name) => Promise.resolve(name === STORE ? own : target),
            loads: () => Promise.resolve({ everyMs: 10_000, rows: 1000 }),
          },
          store: postgresTargetStore(pool),
        },
        { ...place(stream), runId, soFar },
        { signal },
      );
      if (stepped.state === 'refused') throw new Error(stepped.reason);
      if (stepped.state === 'done') {
        const id = stepped.comparison;
        return { ...(await readComparison(pool, id)), found: await readDifferences(pool, { id, limit: 100 }), steps };
      }
      ({ soFar } = stepped);
      await between?.();
    }
  };
  return {
    rebuildStep,
    compare,
    async rebuild(stream, target, of) {
      let step = await rebuildStep(stream, target, of);
      while (step.state === 'more') step = await rebuildStep(stream, target, { ...of, soFar: step.soFar });
      return step;
    },
    streamOf,
    compiled: streamOf,
    tableOf: tableNamed,
    pool,
    warnings,
    url: database.url,
    dir: folder.path,
    async define(streams) {
      const usual = { records: 'data', pagination: { type: 'token', token: 'next', as: 'after' } } as const;
      for (const [name, of] of Object.entries(streams))
        defined = { ...defined, [name]: { path: `/${name}`, ...usual, ...of } as StreamInput };
      const partner: PartnerInput = { name: PARTNER, baseUrl, streams: defined };
      const file = join(folder.path, `${PARTNER}.yaml`);
      // JSON is YAML as well.
      await writeFile(file, JSON.stringify(partner));
      // Two writes within one tick of the clock have different times all the same.
      await utimes(file, (times += 1), times);
    },
    async pull(stream, pages) {
      served = pages;
      const syncId = `sync/${PARTNER}/${stream}/${(times += 1)}`;
      const input = { partner: PARTNER, stream, syncId, runId: null, window: '2026-11-24' } as const;
      for (;;) {
        const result = await pullStream(
          {
            access: await partners.access(PARTNER, stream),
            accessOf: (other) => partners.access(PARTNER, other),
            warehouse,
            failpoint: noFailpoint,
            now,
            random: () => 0.5,
            draining: () => false,
          },
          { ...input, kind: 'manual', lane: 'normal', idleGrants: 0 },
          {
            signal: new AbortController().signal,
            writer: { workflowRunId: 'r', attempt: 1 },
            heartbeat: () => {},
          },
        );
        if (result.state === 'done') return result.report;
        if (result.state === 'deferred') throw new Error(result.cause);
      }
    },
    async replay(stream) {
      const held = await readQuarantine(pool, { partner: PARTNER, stream, status: 'held', limit: 100 });
      await replayQuarantine(warehouse, { stream: await streamOf(stream), held, nowMs: now() });
    },
    applyInStore: async (stream) => load(stream, await openStore(), { at: STORE }),
    apply: (stream, target, rows) => load(stream, target, { rows }),
    async shown(stream) {
      const client = await pool.connect();
      try {
        await client.query('begin');
        return await allOf(readRows(client, tableOf(await streamOf(stream))));
      } finally {
        await client.query('rollback');
        client.release();
      }
    },
    landed: async (stream, target) => allOf(target.rows(await tableNamed(stream))),
    state: (stream) => readTargetState(pool, place(stream)),
    async close() {
      await store?.close();
      await partners.close();
      server.close();
      await pool.end();
      await database.drop();
      await folder.remove();
    },
  };
}

async function allOf(rows: AsyncIterable<ReadRow>): Promise<readonly ReadRow[]> {
  const all: ReadRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
}
