import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { GrantResult } from '../../messages/grant.ts';
import type { PartnerAccess } from '../../activities/access.ts';
import { pullStream } from '../../activities/pull/pull-stream.ts';
import { noFailpoint, type Failpoint } from '../../core/failpoint.ts';
import { bufferedCalls, type BufferedCalls } from '../../store/calls/buffered-calls.ts';
import { writeCalls } from '../../store/calls/write-calls.ts';
import { grantLog } from '../../store/grants/write-grants.ts';
import { plainNames } from '../../messages/names.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { PartnerInput } from '../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { StreamReport } from '../../landing/warehouse.ts';
import { partnerRegistry } from '../../workers/partner-registry.ts';
import { compareRequests, type CountedPartner } from './counted-requests.ts';
import { freshDatabase } from './database.ts';
import { serveAnswers, type Answers } from './serve-answers.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { uniqueName } from './temporal.ts';

export type { OwnAnswer } from './serve-answers.ts';

/** A partner of the test's own: a few lines of `node:http`. */
export interface OwnPartner {
  readonly name: string;
  /** URLs that were asked, in order. */
  readonly asked: readonly string[];
  readonly define: (streams: PartnerInput['streams'], more?: Partial<PartnerInput>) => Promise<void>;
  /** The same as a definition in TypeScript. */
  readonly write: (text: (name: string, baseUrl: string) => Promise<string>) => Promise<void>;
  /** Reads a stream to the end of its run, grant after grant. */
  readonly read: (
    stream: string,
    run?: {
      readonly window?: string;
      readonly generation?: number;
      readonly draining?: () => boolean;
      readonly failpoint?: Failpoint;
    },
  ) => Promise<StreamReport>;
  readonly access: (stream: string) => Promise<PartnerAccess>;
  readonly streams: () => Promise<ReadonlyMap<string, CompiledStream>>;
  /** One grant of it. */
  readonly grant: (stream: string, run?: Parameters<OwnPartner['read']>[1]) => Promise<GrantResult>;
}

export interface OwnPartners {
  readonly pool: Pool;
  /** Notes what the partners are asked, once a second. */
  readonly calls: BufferedCalls;
  readonly partner: (
    answer: Answers,
    streams: PartnerInput['streams'],
    more?: Partial<PartnerInput>,
    /** Why the ledger does not have all that it is asked. */
    uncounted?: string,
  ) => Promise<OwnPartner>;
  /** The same partner, read by this worker. */
  readonly again: (partner: Pick<OwnPartner, 'name' | 'asked' | 'define' | 'write'>) => Promise<OwnPartner>;
  readonly folder: string;
  readonly databaseUrl: string;
  readonly close: () => Promise<void>;
}

const MOST_GRANTS = 500;

const now = (): number => Date.now();

/**
 * A database and as many partners of the test's own as it wants; streams are read here, without Temporal. `sharing`: another worker with
 * the same database and definitions. `env`: what definitions may take from the environment.
 */
export async function ownPartners({
  sharing,
  env = {},
}: { readonly sharing?: OwnPartners; readonly env?: Readonly<Record<string, string>> } = {}): Promise<OwnPartners> {
  const [database, folder] =
    sharing === undefined
      ? await Promise.all([freshDatabase(), temporaryFolder()])
      : [
          { url: sharing.databaseUrl, drop: async () => {} },
          { path: sharing.folder, remove: async () => {} },
        ];
  const pool = openPool(database.url);
  const warehouse = postgresWarehouse(pool);
  const quiet = { info: () => {}, warn: () => {}, debug: () => {} };
  const partners = partnerRegistry({ names: plainNames, dir: folder.path, env, pool, warehouse, log: quiet, now });
  const calls = bufferedCalls({
    write: (group) => writeCalls(pool, group),
    warn: () => {},
    sample: 1,
    random: Math.random,
  });
  const counted: CountedPartner[] = [];
  const servers: { readonly close: () => void }[] = [];

  const partner: OwnPartners['partner'] = async (answer, streams, more, uncounted) => {
    const name = uniqueName('own');
    const server = await serveAnswers(answer);
    servers.push(server);
    // Another server counts for itself.
    if (more?.baseUrl === undefined && uncounted === undefined)
      counted.push({ name, requests: () => server.asked.length });
    const { url: baseUrl, asked } = server;
    const define: OwnPartner['define'] = (given, also) =>
      writeFile(
        join(folder.path, `${name}.yaml`),
        JSON.stringify({
          name,
          baseUrl,
          retry: { attempts: 2, base: '10ms', cap: '20ms' },
          ...more,
          ...also,
          streams: given,
        }),
      );
    await define(streams);
    const write: OwnPartner['write'] = async (text) => {
      await rm(join(folder.path, `${name}.yaml`));
      await writeFile(join(folder.path, `${name}.ts`), await text(name, baseUrl));
    };
    return again({ name, asked, define, write });
  };

  const again: OwnPartners['again'] = async (own) => {
    const { name } = own;
    const grant = async (
      stream: string,
      {
        window = '2026-11-24',
        generation = 1,
        draining = () => false,
        failpoint = noFailpoint,
      }: Parameters<OwnPartner['read']>[1] = {},
    ): Promise<GrantResult> => {
      const syncId = `sync/${name}/${stream}/${window}${generation === 1 ? '' : `/g${generation}`}`;
      const job = { partner: name, stream, syncId, runId: null, window, kind: 'manual', lane: 'normal' } as const;
      const access = await partners.access(name, stream);
      return pullStream(
        {
          access,
          accessOf: (other) => partners.access(name, other),
          warehouse: failpoint === noFailpoint ? warehouse : postgresWarehouse(pool, { failpoint }),
          failpoint,
          calls,
          grants: grantLog(pool),
          now,
          random: () => 0,
          draining,
        },
        { ...job, idleGrants: 0 },
        { signal: new AbortController().signal, writer: { workflowRunId: 'r', attempt: 1 }, heartbeat: () => {} },
      );
    };
    return {
      ...own,
      access: (stream) => partners.access(name, stream),
      streams: () => partners.streams(name),
      grant,
      read: async (stream, run) => {
        for (let grants = 0; grants < MOST_GRANTS; grants++) {
          const result = await grant(stream, run);
          if (result.state === 'done') return result.report;
        }
        throw new Error(`${name}/${stream} did not end in ${MOST_GRANTS} grants`);
      },
    };
  };

  return {
    pool,
    calls,
    partner,
    again,
    folder: folder.path,
    databaseUrl: database.url,
    close: async () => {
      await partners.close();
      for (const server of servers) server.close();
      await calls.close();
      const [compared] = await Promise.allSettled([compareRequests(pool, counted)]);
      await pool.end();
      await database.drop();
      await folder.remove();
      if (compared.status === 'rejected') throw compared.reason;
    },
  };
}
