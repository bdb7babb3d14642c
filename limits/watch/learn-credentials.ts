import type { Pool } from 'pg';
import type { Partner } from '../../definitions/definition.ts';
import { credentialOf, derivedBeside, isKnown, know } from '../declare/credential.ts';

/** Notes what the fleet calls a partner by, for those who only look on. */
export async function noteCredential(pool: Pool, partner: Partner): Promise<void> {
  await pool.query(
    `insert into credentials_in_use as noted (partner, credential) values ($1, $2)
      on conflict (partner) do update set credential = excluded.credential, noted_at = now()
      where noted.credential <> excluded.credential`,
    [partner.name, credentialOf(partner)],
  );
}

/**
 * Before looking at many partners: their credentials as the fleet noted them, which after a change of secrets are the old
 * ones until the next run. Only those it has not noted are derived: fifty, one after the other, would take seconds.
 */
export async function learnCredentials(pool: Pool, partners: readonly Partner[]): Promise<void> {
  const { rows } = await pool.query<{ partner: string; credential: string }>(
    'select partner, credential from credentials_in_use where partner = any($1)',
    [partners.map(({ name }) => name)],
  );
  const noted = new Map(rows.map(({ partner, credential }) => [partner, credential]));
  await Promise.all(
    partners
      .filter((partner) => !isKnown(partner))
      .map(async (partner) => know(partner, noted.get(partner.name) ?? (await derivedBeside(partner)))),
  );
}
