import type { ClientBase, Pool } from 'pg';
import type { CallerLimits, CallerTier } from '../../core/caller.ts';
import { InvalidInput } from '../../core/errors.ts';
import { transaction } from '../session/transaction.ts';
import { audit, type Person } from './audit.ts';
import { makeKey } from './keys.ts';
import { lockCaller } from './lock-caller.ts';

/** What a caller may do and has to show. */
export interface CallerTerms {
  readonly tier: CallerTier;
  readonly scopes: readonly string[];
  /** CIDR; null: from anywhere. */
  readonly addresses: readonly string[] | null;
  /** SHA-256 of its client certificate, 64 digits of hex; null: it needs none. */
  readonly certificate: string | null;
}

export interface NewCaller extends CallerTerms {
  readonly id: string;
  readonly limits: Partial<CallerLimits>;
}

/** 192.0.2.7/24 is the network 192.0.2.0/24. */
const networks = (given: string): string => `(select array_agg(network(a::inet)) from unnest(${given}::text[]) as a)`;

/** Returns the first key, which is kept nowhere: only its hash is. */
export function addCaller(pool: Pool, { id, limits, ...terms }: NewCaller, person: Person): Promise<string> {
  return transaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `insert into callers (caller, tier, scopes, addresses, certificate, rate, burst, daily) values ($1, $2, $3, ${networks('$4')}, $5, $6, $7, $8)
        on conflict do nothing`,
      [
        id,
        terms.tier,
        terms.scopes,
        terms.addresses,
        terms.certificate,
        limits.rate ?? null,
        limits.burst ?? null,
        limits.daily ?? null,
      ],
    );
    if (rowCount === 0) throw await taken(client, id);
    const { keyId, text } = await makeKey(client, id);
    const detail = { ...terms, ...limits, key: keyId };
    await audit(client, { kind: 'caller', subject: id, action: 'added', detail, ...person });
    return text;
  });
}

async function taken(client: ClientBase, id: string): Promise<InvalidInput> {
  const { rows } = await client.query<{ revoked_at: Date | null }>('select revoked_at from callers where caller = $1', [
    id,
  ]);
  const revokedAt = rows[0]?.revoked_at?.toISOString().slice(0, 16);
  return new InvalidInput(
    revokedAt === undefined
      ? `there is a caller ${id}: \`syncline callers list ${id}\` shows it`
      : `the caller ${id} was revoked at ${revokedAt}Z, and its name stays beside what it sent: choose another one`,
  );
}

/** Changes the terms that are given, from the moment on in which every process has read its callers again. */
export function changeCaller(pool: Pool, id: string, terms: Partial<CallerTerms>, person: Person): Promise<void> {
  return transaction(pool, async (client) => {
    await lockCaller(client, id);
    for (const name of ['tier', 'scopes', 'addresses', 'certificate'] as const)
      if (terms[name] !== undefined)
        await client.query(
          `update callers set ${name} = ${name === 'addresses' ? networks('$2') : '$2'} where caller = $1`,
          [id, terms[name]],
        );
    await audit(client, { kind: 'caller', subject: id, action: 'changed', detail: terms, ...person });
  });
}

/** For good: the caller and all of its keys. */
export function revokeCaller(pool: Pool, id: string, person: Person): Promise<void> {
  return transaction(pool, async (client) => {
    await lockCaller(client, id);
    await client.query('update callers set revoked_at = clock_timestamp() where caller = $1', [id]);
    await audit(client, { kind: 'caller', subject: id, action: 'revoked', detail: {}, ...person });
  });
}
