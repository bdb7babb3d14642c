import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { GrantResult } from '../../messages/grant.ts';
import type { PullDeps } from '../../activities/pull/pull-deps.ts';
import { pullStream } from '../../activities/pull/pull-stream.ts';
import { noFailpoint, type Failpoint } from '../../core/failpoint.ts';
import { plainNames } from '../../messages/names.ts';
import type { Answer } from '../../core/page.ts';
import type { PartnerInput } from '../../definitions/definition.ts';
import type { PartnerClient } from '../../http/client.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { StreamReport } from '../../landing/warehouse.ts';
import { partnerRegistry } from '../../workers/partner-registry.ts';
import { freshDatabase, type TestDatabase } from './database.ts';
import { temporaryFolder } from './temporary-folder.ts';

interface Answered {
  readonly data: readonly unknown[];
  readonly next: string | null;
}

export interface GrantBenchOptions {
  /** The body of the nth answer, from 1; `next` names the page after it. */
  readonly answer: (nth: number) => Answered | Promise<Answered>;
  readonly partner?: Partial<PartnerInput>;
  /** In a row, before the listing is given up. */
  readonly emptyPages?: number;
}

export interface GrantOptions {
  readonly attempt: number;
  readonly failpoint: Failpoint;
  /** How long each answer is said to have taken, whatever it took. */
  readonly answerMs: number;
}

export interface GrantBench {
  readonly database: TestDatabase;
  readonly pool: Pool;
  /** Requests that have come. */
  requests(): number;
  /** One grant, without Temporal. */
  grant(how?: Partial<GrantOptions & PullDeps>): Promise<GrantResult>;
  report(): Promise<StreamReport | null>;
  close(): Promise<void>;
}

const now = (): number => Date.now();
const syncId = 'sync/void/things/2026-11-24';

/** A partner with one listing, `things`, and grants that read it one by one. */
export async function openGrantBench({ answer, partner = {}, emptyPages }: GrantBenchOptions): Promise<GrantBench> {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    void Promise.resolve(answer(requests)).then((body) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [database, folder] = await Promise.all([freshDatabase(), temporaryFolder()]);
  const pool = openPool(database.url);
  let failpoint = noFailpoint;
  const warehouse = postgresWarehouse(pool, { failpoint: (name) => failpoint(name) });
  const things = {
    path: '/things',
    records: 'data',
    primaryKey: ['id'],
    pagination: { type: 'token', token: 'next', as: 'after', ...(emptyPages === undefined ? {} : { emptyPages }) },
    schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
  };
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // JSON is YAML as well.
  await writeFile(
    join(folder.path, 'void.yaml'),
    JSON.stringify({ name: 'void', baseUrl, ...partner, streams: { things } }),
  );
  const quiet = { info: () => {}, warn: () => {}, debug: () => {} };
  const partners = partnerRegistry({ names: plainNames, dir: folder.path, env: {}, pool, warehouse, log: quiet, now });
  return {
    database,
    pool,
    requests: () => requests,
    async grant({ attempt = 1, failpoint: at = noFailpoint, answerMs, ...deps } = {}) {
      failpoint = at;
      const found = await partners.access('void', 'things');
      const access = answerMs === undefined ? found : { ...found, client: answeringIn(answerMs, found.client) };
      const job = { partner: 'void', stream: 'things', syncId, runId: null, window: '2026-11-24' };
      return pullStream(
        {
          access,
          accessOf: () => Promise.resolve(access),
          warehouse,
          failpoint: at,
          now,
          random: () => 0.5,
          draining: () => false,
          ...deps,
        },
        { ...job, kind: 'manual', lane: 'normal', idleGrants: 0 },
        { signal: new AbortController().signal, writer: { workflowRunId: 'r', attempt }, heartbeat: () => {} },
      );
    },
    report: () => warehouse.streamReport(syncId),
    async close() {
      await partners.close();
      server.close();
      await pool.end();
      await database.drop();
      await folder.remove();
    },
  };
}

const answeringIn = (durationMs: number, client: PartnerClient): PartnerClient => ({
  ...client,
  // Not spread: its text would be decoded at once.
  send: async (...given) => Object.create(await client.send(...given), { durationMs: { value: durationMs } }) as Answer,
});
