import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { StoredToken, TokenStore } from '../../http/token-store.ts';
import { transaction } from './transaction.ts';

interface TokenStoreFor {
  readonly credential: string;
  /** Tokens are sealed with a key derived from it: the database alone cannot read them. */
  readonly secret: string;
}

/** OAuth tokens shared by all workers, sealed with AES-256-GCM. */
export function postgresTokenStore(pool: Pool, { credential, secret }: TokenStoreFor): TokenStore {
  const key = Buffer.from(hkdfSync('sha256', secret, credential, 'syncline tokens', 32));
  return {
    async read() {
      const { rows } = await pool.query<{ sealed: Buffer }>('select sealed from tokens where credential = $1', [
        credential,
      ]);
      return rows[0] === undefined ? undefined : open(rows[0].sealed, key);
    },
    // The lock is held by a transaction of its own, while reads and writes go through other connections and commit at
    // once: a rotated token is durable even if the process dies before the lock is given back.
    lock: (work) =>
      transaction(pool, async (client) => {
        await client.query('select pg_advisory_xact_lock(hashtextextended(own_key($1), 7305113))', [credential]);
        return work();
      }),
    async write(token) {
      await pool.query(
        `insert into tokens (credential, sealed) values ($1, $2)
          on conflict (credential) do update set sealed = excluded.sealed, updated_at = now()`,
        [credential, seal(token, key)],
      );
    },
  };
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
