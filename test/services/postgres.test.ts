import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { startPostgres } from '../../services/postgres.ts';
import type { PostgresServer } from '../../services/postgres.ts';
import { isAlive } from '../support/is-alive.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
const started: PostgresServer[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(async () => {
  for (const server of started) await server.stop();
  await folder.remove();
});

async function start(options: Parameters<typeof startPostgres>[0]): Promise<PostgresServer> {
  const server = await startPostgres(options);
  started.push(server);
  return server;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  // A server that is killed on purpose takes its connections with it.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ answer: unknown }>(sql);
    return rows[0]?.answer;
  } finally {
    await client.end();
  }
}

describe('a durable server', () => {
  test('keeps what was committed through SIGKILL, on the same address', async () => {
    const dataDir = join(folder.path, 'durable');
    const first = await start({ dataDir, durable: true });
    await ask(first.url, 'create table kept as select 42 as answer');
    const { pid } = first;
    await first.kill();
    expect(await isAlive(pid)).toBe(false);

    const second = await start({ dataDir, durable: true, port: first.port });
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, 'select answer from kept')).toBe(42);

    await second.stop();
    expect(existsSync(join(second.dataDir, 'PG_VERSION'))).toBe(true);
  });

  test.each([
    ['fsync', 'on'],
    ['synchronous_commit', 'on'],
    ['full_page_writes', 'on'],
    ['listen_addresses', '127.0.0.1'],
  ])('has %s %s', async (setting, value) => {
    const server = started.findLast(({ dataDir }) => dataDir.endsWith('settings'));
    const { url } = server ?? (await start({ dataDir: join(folder.path, 'settings'), durable: true }));
    expect(await ask(url, `select current_setting('${setting}') as answer`)).toBe(value);
  });

  test('starts over the pid file of a dead server whose pid now belongs to another process', async () => {
    const dataDir = join(folder.path, 'stale');
    const first = await start({ dataDir, durable: true });
    await first.stop();
    await writeFile(join(first.dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n`);
    const second = await start({ dataDir, durable: true });
    expect(await ask(second.url, 'select 1 as answer')).toBe(1);
  });

  test('refuses a folder that a running server holds, and leaves that server alone', async () => {
    const dataDir = join(folder.path, 'held');
    const first = await start({ dataDir, durable: true });
    await expect(startPostgres({ dataDir, durable: true })).rejects.toThrow(
      `in use by a running server (pid ${first.pid})`,
    );
    expect(await ask(first.url, 'select 1 as answer')).toBe(1);
  });

  test('logs no value of a statement that fails', async () => {
    const lines: string[] = [];
    const server = await start({
      dataDir: join(folder.path, 'log'),
      durable: true,
      log: (line) => void lines.push(line),
    });
    await expect(ask(server.url, `select 'secret-value'::integer`)).rejects.toThrow('secret-value');
    await server.stop();
    expect(lines.join('\n')).toContain('ready to accept connections');
    expect(lines.join('\n')).not.toContain('secret-value');
  });
});

describe('throwaway servers', () => {
  test('run side by side, and their folders go with them', async () => {
    const two = await Promise.all([
      start({ dataDir: join(folder.path, 'a'), durable: false }),
      start({ dataDir: join(folder.path, 'b'), durable: false }),
    ]);
    expect(new Set(two.map(({ port }) => port)).size).toBe(2);
    for (const { url } of two) expect(await ask(url, `select current_setting('fsync') as answer`)).toBe('off');
    await Promise.all(two.map((server) => server.stop()));
    for (const { dataDir } of two) expect(existsSync(dataDir)).toBe(false);
  });

  test('let nobody in without the password', async () => {
    const server = await start({ dataDir: join(folder.path, 'locked'), durable: false });
    const wrong = new URL(server.url);
    wrong.password = 'postgres';
    await expect(ask(wrong.href, 'select 1 as answer')).rejects.toThrow('password authentication failed');
  });
});

describe('a folder that is not what it should be', () => {
  test('durable and opened as throwaway is refused, for throwaways get deleted', async () => {
    const dataDir = join(folder.path, 'precious');
    const server = await start({ dataDir, durable: true });
    await server.stop();
    await expect(startPostgres({ dataDir, durable: false })).rejects.toThrow('was made as durable');
    expect(existsSync(join(server.dataDir, 'PG_VERSION'))).toBe(true);
  });

  test('someone else’s cluster is refused and not touched', async () => {
    const dataDir = join(folder.path, 'foreign');
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'PG_VERSION'), '18\n');
    await expect(startPostgres({ dataDir, durable: true })).rejects.toThrow('did not make');
    expect(await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).toBe('18\n');
  });

  test('closed to root’s PostgreSQL user: the data goes where that user can; others need no such thing', async () => {
    const closed = join(folder.path, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const server = await start({ dataDir: join(closed, 'data'), durable: false });
    expect(server.dataDir.startsWith(process.getuid?.() === 0 ? '/var/tmp/syncline-' : closed)).toBe(true);
    expect(await ask(server.url, 'select 1 as answer')).toBe(1);
  });
});
