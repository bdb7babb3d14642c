import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import type { Pool } from 'pg';
import { WarehouseUnavailable } from '../../core/errors.ts';
import type { PageRequest } from '../../core/page.ts';
import { auth as authSchema } from '../../definitions/definition.ts';
import { createAuthorizer } from '../../http/auth.ts';
import type { TokenExchange } from '../../http/auth/token-exchange.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { postgresTokenStore } from '../../store/token-store.ts';
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
        store.lock(async (held) => {
          inside += 1;
          most = Math.max(most, inside);
          if ((await held.read()) === undefined) {
            renewed += 1;
            await held.write(token);
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

/** The sessions that hold locks for the processes of this file. */
const sessions = async (): Promise<readonly number[]> => {
  const { rows } = await database.pool.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name = 'syncline session'`,
  );
  return rows.map(({ pid }) => pid);
};

test('as many partners as the pool has connections renew at once: their locks take none of them', async () => {
  const most = 3;
  const small = openPool(database.url, most);
  const events = new EventEmitter();
  const [allAsked, answered] = [once(events, 'all asked'), once(events, 'answered')];
  let asked = 0;
  // The slowest endpoint there is: it answers nobody before everybody has asked.
  const exchange: TokenExchange = async () => {
    if (++asked === most) events.emit('all asked');
    await answered;
    const text = JSON.stringify({ access_token: 'new', token_type: 'bearer', expires_in: 3600 });
    return { status: 200, headers: {}, text, receivedAtMs: 0 };
  };
  const auth = {
    type: 'oauth2',
    grant: 'client_credentials',
    tokenUrl: 'https://acme.example/token',
    clientId: 'id',
    clientSecret: 'client secret',
  } as const;
  const page: PageRequest = { method: 'GET', url: 'https://acme.example/orders', headers: {}, body: undefined };
  const partners = Array.from({ length: most }, (_, i) =>
    createAuthorizer({
      auth: authSchema.parse(auth),
      tokens: postgresTokenStore(small, { credential: `partner ${i}`, secret: 'client secret' }),
      exchange,
      now: () => 0,
    }),
  );
  try {
    const authorized = partners.map((partner) => partner.authorize(page));
    await allAsked;
    expect(small.totalCount - small.idleCount).toBe(0);
    expect(await sessions()).toHaveLength(1);
    events.emit('answered');
    for (const { headers } of await Promise.all(authorized)) expect(headers.authorization).toBe('Bearer new');
  } finally {
    await small.end();
  }
});

test('is durable before the lock is given back, also when the session that holds the lock is lost', async () => {
  const store = postgresTokenStore(pool, { credential: 'five', secret: 's' });
  await store.lock(async (held) => {
    await held.write(token);
    const { rows } = await database.pool.query('select from syncline.tokens where credential = $1', ['five']);
    expect(rows).toHaveLength(1);
    for (const pid of await sessions()) await database.pool.query('select pg_terminate_backend($1)', [pid]);
    await held.write({ ...token, accessToken: 'later' });
  });
  expect(await store.read()).toEqual({ ...token, accessToken: 'later' });
  expect(await store.lock(async () => 'free')).toBe('free');
});

test('is not renewed while a worker of the version before does so, which locks in a transaction', async () => {
  const store = postgresTokenStore(pool, { credential: 'six', secret: 's' });
  const lock = 'select pg_advisory_xact_lock(hashtextextended(own_key($1), 7305113))';
  const older = await pool.connect();
  const order: string[] = [];
  await older.query('begin');
  await older.query(lock, ['six']);
  const ours = store.lock(async () => order.push('ours'));
  // Our session has asked at least once.
  while ((await sessions()).length === 0) await older.query('select 1');
  order.push('theirs');
  await older.query('commit');
  await ours;
  expect(order).toEqual(['theirs', 'ours']);
  let theirs: Promise<unknown> = Promise.resolve();
  await store.lock(async () => {
    theirs = older.query(lock, ['six']).then(() => order.push('theirs'));
    // They wait in the database, or have been let in.
    for (let waits = false; !waits && order.length === 2;) {
      const { rows } = await database.pool.query(`select from pg_locks where locktype = 'advisory' and not granted`);
      waits = rows.length > 0;
    }
    order.push('ours');
  });
  await theirs;
  expect(order).toEqual(['theirs', 'ours', 'ours', 'theirs']);
  older.release();
});

test('says that the warehouse is not available when the pool has no connection to give', async () => {
  const small = openPool(database.url, 1);
  const client = await small.connect();
  small.options.connectionTimeoutMillis = 20;
  await expect(postgresTokenStore(small, { credential: 'seven', secret: 's' }).read()).rejects.toThrow(
    WarehouseUnavailable,
  );
  client.release();
  await small.end();
});
