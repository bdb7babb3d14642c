import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { pullStream } from '../../activities/pull/pull-stream.ts';
import { GiveUp } from '../../core/errors.ts';
import { noFailpoint } from '../../core/failpoint.ts';
import { openPool, postgresWarehouse } from '../../warehouse/postgres/postgres-warehouse.ts';
import { partnerRegistry } from '../../workers/partner-registry.ts';
import { freshDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { plainNames } from '../../core/names.ts';

const MOST_GRANTS = 5;
const now = (): number => Date.now();

test('a partner that names a new page for ever, and never a record, is given up over several grants', async () => {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: [], next: `page ${requests}` }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [database, folder] = await Promise.all([freshDatabase(), temporaryFolder()]);
  const pool = openPool(database.url);
  const warehouse = postgresWarehouse(pool);
  await writeFile(
    join(folder.path, 'void.yaml'),
    `name: void
baseUrl: http://127.0.0.1:${(server.address() as AddressInfo).port}
grant: { requests: 60 }
streams:
  things:
    path: /things
    records: data
    primaryKey: [id]
    pagination: { type: token, token: next, as: after }
    schema: { type: object, required: [id], properties: { id: { type: string } } }
`,
  );
  const quiet = { info: () => {}, warn: () => {}, debug: () => {} };
  const partners = partnerRegistry({ names: plainNames, dir: folder.path, env: {}, pool, warehouse, log: quiet, now });
  const grant = async (): Promise<string> => {
    const access = await partners.access('void', 'things');
    const deps = { access, warehouse, failpoint: noFailpoint, now, random: () => 0.5, draining: () => false };
    const job = { partner: 'void', stream: 'things', syncId: 'sync/void/things/2026-11-24', runId: null };
    const { state } = await pullStream(
      deps,
      { ...job, window: '2026-11-24', kind: 'manual', lane: 'normal', idleGrants: 0 },
      { signal: new AbortController().signal, writer: { workflowRunId: 'r', attempt: 1 }, heartbeat: () => {} },
    );
    return state;
  };
  try {
    const readOn = async (): Promise<void> => {
      for (let grants = 0; grants < MOST_GRANTS; grants++) expect(await grant()).toBe('more');
    };
    await expect(readOn()).rejects.toThrow(GiveUp);
    // More than one grant's worth, and no more than the bound of 200 and what was on its way.
    expect(requests).toBeGreaterThan(60);
    expect(requests).toBeLessThan(210);
  } finally {
    await partners.close();
    server.close();
    await pool.end();
    await database.drop();
    await folder.remove();
  }
});
