import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { InvalidInput } from '../core/errors.ts';
import { carriedSecrets } from './carried-secrets.ts';
import { checkPartner } from './check.ts';
import type { Partner } from './definition.ts';
import { findPartner } from './find.ts';
import { importDefinition } from './import-definition.ts';
import { interpolate, namesIn, type Environment } from './interpolate.ts';
import { invalidDefinition, pathKey, type Locate, type Problem } from './problem.ts';
import { secretsOf, type Secrets } from './secrets.ts';
import { checkShape } from './shape.ts';
import { readYaml } from './yaml.ts';

export { listPartners } from './find.ts';

export interface LoadFrom {
  readonly dir: string;
  readonly env: Environment;
  /** Those of `env` when absent. */
  readonly secrets?: Secrets;
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
}

/** With what it took from secrets. */
export async function loadWithSecrets(
  name: string,
  { dir, env, secrets = secretsOf(env) }: LoadFrom,
): Promise<LoadedPartner> {
  const file = await findPartner(name, dir);
  const { value, locate } = await readDefinition(file);
  const names = namesIn(value);
  const taken = await secrets.read(names);
  const filled = interpolate(value, taken.env, taken.problems);
  const shaped = checkShape(filled.value, filled.touched);
  const found =
    'problems' in shaped ? shaped.problems : [...checkName(shaped.partner, file), ...checkPartner(shaped.partner)];
  // What depends on a missing variable cannot be judged before it is there.
  const missing = new Set(filled.problems.map((problem) => pathKey(problem.path)));
  const problems = [
    ...filled.problems,
    ...found
      .filter((problem) => !missing.has(pathKey(problem.path)))
      .map((problem) => ({ ...problem, says: conceal(problem.says, filled.taken) })),
  ];
  if (problems.length > 0 || 'problems' in shaped) throw invalidDefinition(file, problems, locate);
  const changeable = Object.entries(taken.env).filter(([key]) => secrets.mayChange(key));
  return {
    partner: shaped.partner,
    changeable: Object.fromEntries(changeable),
    carried: carriedSecrets(value, { env: taken.env, baseUrl: shaped.partner.baseUrl }),
  };
}

async function readDefinition(file: string): Promise<{ value: unknown; locate: Locate }> {
  if (!/\.ya?ml$/.test(file)) return { value: await importDefinition(file), locate: () => undefined };
  const { value, locate, errors } = readYaml(await readFile(file, 'utf8'));
  if (errors.length === 0) return { value, locate };
  throw new InvalidInput(errors.map(({ line, col, says }) => `${file}:${line}:${col}: ${says}`).join('\n'));
}

/** The last net: a message that names a stream or field does not know where that name came from. */
function conceal(says: string, taken: ReadonlySet<string>): string {
  return [...taken].filter((text) => text.length > 2).reduce((shown, text) => shown.replaceAll(text, '…'), says);
}

function checkName(partner: Partner, file: string): Problem[] {
  const expected = basename(file, extname(file));
  return partner.name === expected
    ? []
    : [{ path: ['name'], says: `expected "${expected}", as the file is called; rename one of the two` }];
}
