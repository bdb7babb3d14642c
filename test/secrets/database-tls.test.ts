import { randomUUID } from 'node:crypto';
import { chmod, chown, copyFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { eventually } from '../support/eventually.ts';

const tls = (name: string): string => fileURLToPath(new URL(`tls/${name}`, import.meta.url));
let server: PostgresServer;

/** Whether the connection that a URL makes is encrypted. */
async function isEncrypted(url: string): Promise<boolean | undefined> {
  const pool = openPool(url, 1);
  try {
    const { rows } = await pool.query<{ ssl: boolean }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    return rows[0]?.ssl;
  } finally {
    await pool.end();
  }
}

beforeAll(async () => {
  server = await startPostgres({ dataDir: join(tmpdir(), `syncline-tls-${randomUUID()}`), durable: false });
  const { uid, gid } = await stat(server.dataDir);
  for (const name of ['server.pem', 'server.key']) {
    const copy = join(server.dataDir, name);
    await copyFile(tls(name), copy);
    // PostgreSQL takes no key that others could read.
    await chown(copy, uid, gid);
    await chmod(copy, 0o600);
  }
  const pool = openPool(server.url, 1);
  await pool.query(`alter system set ssl_cert_file = 'server.pem'`);
  await pool.query(`alter system set ssl_key_file = 'server.key'`);
  await pool.query('alter system set ssl = on');
  await pool.query('select pg_reload_conf()');
  await pool.end();
  const on = (): Promise<boolean> =>
    isEncrypted(`${server.url}?sslmode=verify-full&sslrootcert=${tls('server.pem')}`).then(
      (encrypted) => encrypted === true,
      () => false,
    );
  await eventually(on);
});
afterAll(() => server.stop());

test('a certificate that the given CA signed: encrypted, and migrations run', async () => {
  const url = `${server.url}?sslmode=verify-full&sslrootcert=${tls('server.pem')}`;
  expect(await isEncrypted(url)).toBe(true);
  expect((await migrate(url)).length).toBeGreaterThan(0);
});

test.each([
  ['no CA is given', (url: string) => `${url}?sslmode=verify-full`, /self-signed certificate/],
  [
    'another CA is given',
    (url: string) => `${url}?sslmode=verify-full&sslrootcert=${tls('other.pem')}`,
    /self-signed certificate/,
  ],
  [
    'the host has another name',
    (url: string) => `${url.replace('127.0.0.1', 'localhost')}?sslmode=verify-full&sslrootcert=${tls('server.pem')}`,
    /does not match certificate/,
  ],
])('nothing is sent when %s', async (_case, urlOf, reason) => {
  await expect(isEncrypted(urlOf(server.url))).rejects.toThrow(reason);
});
