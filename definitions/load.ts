import { basename, extname } from 'node:path';
import { carriedSecrets } from './carried-secrets.ts';
import { checkPartner } from './check.ts';
import { partner, type Partner } from './definition.ts';
import { findPartner, type PartnerFiles } from './find.ts';
import type { Environment } from './interpolate.ts';
import { loadChecked } from './load-checked.ts';
import { invalidDefinition, type Problem } from './problem.ts';
import { secretsOf, type Secrets } from './secrets.ts';
import { readTls, type NamedFile } from './tls.ts';

export { listPartners, partnerFiles } from './find.ts';

export interface LoadFrom {
  readonly dir: string;
  readonly env: Environment;
  /** Those of `env` when absent. */
  readonly secrets?: Secrets;
  /** Load it also where variables are not set that the workers may have: for its shape, never for a call. */
  readonly forgiveMissing?: boolean;
  /** As `partnerFiles` found them; looked for when absent. */
  readonly found?: PartnerFiles;
}

/** Reads, fills in and checks one definition; everything that is wrong with it comes in one InvalidInput. */
export async function loadPartner(name: string, from: LoadFrom): Promise<Partner> {
  return (await loadWithSecrets(name, from)).partner;
}

export interface LoadedPartner {
  readonly partner: Partner;
  /** What it took from secrets that may change while we run. */
  readonly changeable: Environment;
  /** What its requests carry of `${NAME}`, but for `auth`. */
  readonly carried: Environment;
  /** Files that it names; one that changes may be a new certificate. */
  readonly files: readonly NamedFile[];
  /** Variables that are not set, with `forgiveMissing`: a stand-in is where they belong. */
  readonly missing: readonly string[];
}

/** With what it took from secrets. */
export async function loadWithSecrets(
  name: string,
  { dir, env, secrets = secretsOf(env), forgiveMissing, found }: LoadFrom,
): Promise<LoadedPartner> {
  const file = await findPartner(name, dir, found);
  const {
    value,
    written,
    env: taken,
    changeable,
    missing,
  } = await loadChecked(file, {
    schema: partner,
    secrets,
    forgiveMissing,
    check: (shaped, isSecret) => [...checkName(shaped, file), ...checkPartner(shaped, isSecret)],
  });
  const carried = carriedSecrets(written, { env: taken, baseUrl: value.baseUrl });
  if (value.tls === undefined) return { partner: value, changeable, carried, files: [], missing };
  const { tls, files, problems } = await readTls(value.tls, file);
  if (problems.length > 0) throw invalidDefinition(file, problems);
  return { partner: { ...value, tls }, changeable, carried, files, missing };
}

function checkName(partner: Partner, file: string): Problem[] {
  const expected = basename(file, extname(file));
  return partner.name === expected
    ? []
    : [{ path: ['name'], says: `expected "${expected}", as the file is called; rename one of the two` }];
}
