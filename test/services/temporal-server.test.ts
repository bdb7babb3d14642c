import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { searchAttributes } from '../../messages/search-attributes.ts';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { startTemporal } from '../../services/temporal-server.ts';
import type { TemporalServer } from '../../services/temporal-server.ts';
import { cacheDir } from '../support/cache-dir.ts';
import { isAlive } from '../support/is-alive.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let cliPath: string;
const started: TemporalServer[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  cliPath = await resolveTemporalCli({ cacheDir: cacheDir(), pathEnv: process.env['PATH'] ?? '', log: () => {} });
});
afterAll(async () => {
  for (const server of started) await server.stop();
  await folder.remove();
});

async function start(options: Omit<Parameters<typeof startTemporal>[0], 'cliPath'>): Promise<TemporalServer> {
  const server = await startTemporal({ cliPath, ...options });
  started.push(server);
  return server;
}

async function within<T>(address: string, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

describe('startTemporal', () => {
  test('two run side by side, each with its own workflows; one serves a UI', async () => {
    const [one, two] = await Promise.all([start({}), start({ uiPort: null, namespace: 'other' })]);
    expect(two.uiUrl).toBeNull();
    expect((await fetch(one.uiUrl ?? '')).status).toBe(200);

    await within(one.address, (connection) =>
      new Client({ connection }).workflow.start('tiny', { workflowId: 'only-here', taskQueue: 'none' }),
    );
    const namespaces = ['default', 'other'];
    const missing = within(two.address, (connection) =>
      new Client({ connection, namespace: 'other' }).workflow.getHandle('only-here').describe(),
    );
    await expect(missing).rejects.toThrow('not found');
    const known = await within(two.address, (connection) => connection.workflowService.listNamespaces({}));
    expect(known.namespaces?.map(({ namespaceInfo }) => namespaceInfo?.name)).toEqual(
      expect.arrayContaining(namespaces),
    );
  });

  test('comes back after SIGKILL on its file and port, workflows, search attributes and all', async () => {
    const dbFile = join(folder.path, 'deep', 'temporal.db');
    const first = await start({ dbFile, uiPort: null });
    await within(first.address, (connection) =>
      new Client({ connection }).workflow.start('tiny', { workflowId: 'survivor', taskQueue: 'none' }),
    );
    await first.kill();
    expect(await isAlive(first.pid)).toBe(false);

    const second = await start({ dbFile, uiPort: null, port: Number(first.address.split(':')[1]) });
    expect(second.address).toBe(first.address);
    await within(second.address, async (connection) => {
      const { status } = await new Client({ connection }).workflow.getHandle('survivor').describe();
      expect(status.name).toBe('RUNNING');
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
      expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
    });
  });

  test('a queue has one partition each way: with more, its rate limit would come in clumps', async () => {
    const server = await start({ uiPort: null });
    const partitions = await within(server.address, (connection) =>
      connection.workflowService.listTaskQueuePartitions({ namespace: 'default', taskQueue: { name: 'partner.acme' } }),
    );
    expect(partitions.activityTaskQueuePartitions).toHaveLength(1);
  });

  test('a binary that cannot serve is reported with what it said', async () => {
    await expect(startTemporal({ cliPath: '/bin/ls', uiPort: null })).rejects.toThrow(/did not start: .*ls: /s);
    await expect(startTemporal({ cliPath: '/no/such/file', uiPort: null })).rejects.toThrow('ENOENT');
  });
});
