import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { StoredToken, TokenAccess, TokenStore } from '../core/token-store.ts';
import { ProcessSession } from './session/process-session.ts';
import type { Queries, QueuedClient } from './session/queued-client.ts';
import { whenAvailable } from './session/unavailable.ts';

interface TokenStoreFor {
  readonly credential: string;
  /** Tokens are sealed with a key derived from it: the database alone cannot read them. */
  readonly secret: string;
}

/** How often a lock that another process holds is asked for: at first, and at last. */
const FIRST_WAIT_MS = 20;
const MOST_WAIT_MS = 250;

/** OAuth tokens shared by all workers, sealed with AES-256-GCM. */
export function postgresTokenStore(pool: Pool, { credential, secret }: TokenStoreFor): TokenStore {
  const key = Buffer.from(hkdfSync('sha256', secret, credential, 'syncline tokens', 32));
  const read = async (on: Queries): Promise<StoredToken | undefined> => {
    const { rows } = await on.query<{ sealed: Buffer }>('select sealed from tokens where credential = $1', [
      credential,
    ]);
    return rows[0] === undefined ? undefined : open(rows[0].sealed, key);
  };
  const write = async (on: Queries, token: StoredToken): Promise<void> => {
    await on.query(
      `insert into tokens (credential, sealed) values ($1, $2)
        on conflict (credential) do update set sealed = excluded.sealed, updated_at = now()`,
      [credential, seal(token, key)],
    );
  };
  /** Each statement commits by itself: a rotated token is durable even if the process dies before the lock is given back. */
  const on = (client: QueuedClient): TokenAccess => ({
    read: () => whenAvailable(() => read(client)),
    // The partner has forgotten the token before it: where the session was lost meanwhile, the pool still may reach the database.
    write: (token) => whenAvailable(() => write(client, token).catch(() => write(pool, token))),
  });
  return {
    read: () => whenAvailable(() => read(pool)),
    write: (token) => whenAvailable(() => write(pool, token)),
    lock: (work) => withLock(ProcessSession.of(pool), credential, (client) => work(on(client))),
  };
}

/**
 * A lock of the process's session: no connection of the pool is held while the partner's token endpoint answers, however many
 * credentials are renewed at once. Older workers lock the same key, in a transaction.
 */
function withLock<T>(
  session: ProcessSession,
  credential: string,
  work: (client: QueuedClient) => Promise<T>,
): Promise<T> {
  const { connection } = session;
  return session.inTurn(`token ${credential}`, async () => {
    const user = {};
    connection.use(user);
    try {
      const client = await whenAvailable(() => locked(connection, credential));
      try {
        return await work(client);
      } finally {
        // A session that cannot give it back ends, and the lock with it.
        await client.query(`select pg_advisory_unlock(${LOCK_KEY})`, [credential]).catch(() => client.end());
      }
    } finally {
      connection.leave(user);
    }
  });
}

const LOCK_KEY = 'hashtextextended(own_key($1), 7305113)';

/** Asked again and again rather than waited for: others use the session as well. */
async function locked(connection: ProcessSession['connection'], credential: string): Promise<QueuedClient> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MOST_WAIT_MS)) {
    const client = await connection.connected();
    const { rows } = await client.query<{ ours: boolean }>(`select pg_try_advisory_lock(${LOCK_KEY}) as ours`, [
      credential,
    ]);
    if (rows[0]?.ours === true) return client;
    await wait(waitMs);
  }
}

const NONCE = 12;
const TAG = 16;

function seal(token: StoredToken, key: Buffer): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(token)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** undefined when it was sealed with another secret: the client's secret has changed, so its tokens are void too. */
function open(sealed: Buffer, key: Buffer): StoredToken | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE));
    decipher.setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
    const text = Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]);
    return JSON.parse(text.toString()) as StoredToken;
  } catch {
    return undefined;
  }
}
