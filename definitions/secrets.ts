import { readFile, stat } from 'node:fs/promises';
import { InvalidInput, NeedsAttention } from '../core/errors.ts';
import { importDefinition } from './import-definition.ts';
import type { Environment } from './interpolate.ts';

/** A store of secrets of your own: the default export of the module that SYNCLINE_SECRETS names. */
export interface SecretProvider {
  /** The value now; undefined when the store has none, and the environment is asked. Kept for 30 seconds. */
  get(name: string): Promise<string | undefined> | string | undefined;
}

/** For modules of SYNCLINE_SECRETS: `export default defineSecrets({ get: … })`. Types only. */
export function defineSecrets(provider: SecretProvider): SecretProvider {
  return provider;
}

/** What stands for some `${NAME}` now: their texts, and of those that cannot be had, why not. */
export interface SecretValues {
  readonly env: Environment;
  readonly problems: ReadonlyMap<string, string>;
}

export interface Secrets {
  read(names: Iterable<string>): Promise<SecretValues>;
  /** Whether another value may come while this process lives. */
  mayChange(name: string): boolean;
  /** Kept values are asked for again: the partner has refused one. */
  forget(): void;
}

const KEPT_MS = 30_000;
const LARGEST = 64 * 1024;

/** Of the module that SYNCLINE_SECRETS names, if any; then of NAME, then of the file that NAME_FILE names. */
export function secretsOf(env: Environment, now: () => number = Date.now): Secrets {
  const module = env['SYNCLINE_SECRETS'];
  const kept = new Map<string, { readonly value: Promise<string | undefined>; readonly untilMs: number }>();
  const provided = (name: string, file: string): Promise<string | undefined> => {
    const known = kept.get(name);
    if (known !== undefined && now() < known.untilMs) return known.value;
    const value = ask(file, name);
    kept.set(name, { value, untilMs: now() + KEPT_MS });
    // A store that is away is asked again, not remembered.
    value.catch(() => kept.delete(name));
    return value;
  };
  const one = async (name: string): Promise<string | undefined> =>
    (module === undefined || module === '' ? undefined : await provided(name, module)) ?? fromEnvironment(name, env);
  return {
    mayChange: (name) => Boolean(module) || Boolean(env[`${name}_FILE`]),
    forget: () => kept.clear(),
    async read(names) {
      const values: Record<string, string | undefined> = {};
      const problems = new Map<string, string>();
      for (const name of new Set(names))
        try {
          values[name] = await one(name);
        } catch (error) {
          if (!(error instanceof InvalidInput)) throw error;
          problems.set(name, error.message);
        }
      return { env: values, problems };
    },
  };
}

/** One secret, for functions of definitions. */
export const secretFor =
  (secrets: Secrets) =>
  async (name: string): Promise<string> => {
    const { env, problems } = await secrets.read([name]);
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    throw new NeedsAttention(problems.get(name) ?? `secret ${name} is not set: set ${name} or ${name}_FILE`);
  };

async function fromEnvironment(name: string, env: Environment): Promise<string | undefined> {
  const file = env[`${name}_FILE`];
  if (file === undefined || file === '') return env[name];
  if (env[name] !== undefined && env[name] !== '')
    throw new InvalidInput(`expected one of ${name} and ${name}_FILE, found both; unset one of them`);
  return secretFile(file, `${name}_FILE`);
}

/** The text of a file without the line end that editors add. */
export async function secretFile(file: string, variable: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > LARGEST)
      throw new InvalidInput(`${variable}: expected a file of up to ${LARGEST} bytes, found ${size}; point to another`);
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(
      `${variable}: expected a file that can be read, found ${codeOf(error)} at ${file}; create it, or point to another`,
      { cause: error },
    );
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'an error';

async function ask(file: string, name: string): Promise<string | undefined> {
  const provider = (await importDefinition(file)) as Partial<SecretProvider>;
  if (typeof provider.get !== 'function')
    throw new InvalidInput(`SYNCLINE_SECRETS: expected defineSecrets({ get }) as default export of ${file}`);
  let value: unknown;
  try {
    value = await provider.get(name);
  } catch (error) {
    // Its message may quote a secret, so only the kind of error goes on.
    throw new NeedsAttention(`SYNCLINE_SECRETS: get(${name}) of ${file} threw a ${kindOf(error)}`);
  }
  if (value === undefined || typeof value === 'string') return value;
  throw new InvalidInput(
    `SYNCLINE_SECRETS: get(${name}) of ${file}: expected a text or undefined, found a ${typeof value}`,
  );
}

const kindOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
