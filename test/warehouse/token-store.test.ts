import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { openPool } from '../../warehouse/postgres/postgres-warehouse.ts';
import { postgresTokenStore } from '../../warehouse/postgres/token-store.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const token = { accessToken: 'access-s3cret', refreshToken: 'refresh-s3cret', expiresAtMs: 1_800_000_000_000 };
const sealed = async (credential: string): Promise<Buffer> =>
  (await pool.query<{ sealed: Buffer }>('select sealed from tokens where credential = $1', [credential])).rows[0]!
    .sealed;

test('gives a token back to who knows the secret, and to nobody else', async () => {
  const store = postgresTokenStore(pool, { credential: 'one', secret: 'client secret' });
  expect(await store.read()).toBeUndefined();
  await store.write(token);
  expect(await store.read()).toEqual(token);
  expect(await postgresTokenStore(pool, { credential: 'one', secret: 'another' }).read()).toBeUndefined();
  const moved = postgresTokenStore(pool, { credential: 'two', secret: 'client secret' });
  await pool.query(`insert into tokens (credential, sealed) values ('two', $1)`, [await sealed('one')]);
  expect(await moved.read()).toBeUndefined();
});

test('does not hold the token in what it stores, nor the same bytes for the same token', async () => {
  const store = postgresTokenStore(pool, { credential: 'three', secret: 'client secret' });
  await store.write(token);
  const first = await sealed('three');
  for (const text of [token.accessToken, token.refreshToken, 'client secret', 'accessToken'])
    expect(first.includes(text)).toBe(false);
  await store.write(token);
  expect((await sealed('three')).equals(first)).toBe(false);
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, 20)],
  ['empty', () => Buffer.alloc(0)],
  [
    'changed in one bit',
    (bytes: Buffer) => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))),
  ],
])('reads bytes that were %s as no token', async (what, spoil) => {
  const store = postgresTokenStore(pool, { credential: what, secret: 'client secret' });
  await store.write(token);
  await pool.query('update tokens set sealed = $2 where credential = $1', [what, spoil(await sealed(what))]);
  expect(await store.read()).toBeUndefined();
});

test('lets one at a time renew it, over all processes, and is free again after a failure', async () => {
  const other = openPool(database.url);
  try {
    const stores = [pool, other, pool].map((from) => postgresTokenStore(from, { credential: 'four', secret: 's' }));
    let inside = 0;
    let most = 0;
    let renewed = 0;
    await Promise.all(
      stores.map((store) =>
        store.lock(async () => {
          inside += 1;
          most = Math.max(most, inside);
          if ((await store.read()) === undefined) {
            renewed += 1;
            await store.write(token);
          }
          inside -= 1;
        }),
      ),
    );
    expect([most, renewed]).toEqual([1, 1]);
    await expect(stores[0]!.lock(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(await stores[1]!.lock(async () => 'free')).toBe('free');
  } finally {
    await other.end();
  }
});
