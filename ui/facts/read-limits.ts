import type { Pool } from 'pg';
import type { LimitsView } from '../../core/limits-view.ts';
import type { Partner } from '../../definitions/definition.ts';
import { know } from '../../limits/declare/credential.ts';
import { readLimits } from '../../limits/watch/usage.ts';

/** How the limits of some partners stand. Credentials are those that the fleet has noted: the pages know no secret to derive one from. */
export async function limitsOf(pool: Pool, partners: readonly Partner[]): Promise<ReadonlyMap<string, LimitsView>> {
  const { rows } = await pool.query<{ partner: string; credential: string }>(
    'select partner, credential from credentials_in_use where partner = any($1)',
    [partners.map(({ name }) => name)],
  );
  const noted = new Map(rows.map(({ partner, credential }) => [partner, credential]));
  return new Map(
    await Promise.all(
      partners.map(async (partner) => {
        // One that nobody has used yet stands as a new one does.
        know(partner, noted.get(partner.name) ?? `unused ${partner.name}`);
        return [partner.name, await readLimits(pool, partner)] as const;
      }),
    ),
  );
}
