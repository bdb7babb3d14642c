import { z } from 'zod';
import { isInherited } from '../core/inherited.ts';
import { thisProcess } from '../core/this-process.ts';
import { pathKey, type Path, type Problem } from './problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Interpolated {
  readonly value: unknown;
  /** `pathKey`s of the strings that came (in part) from the environment: never shown. */
  readonly touched: ReadonlySet<string>;
  /** The texts that were taken from the environment. */
  readonly taken: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string value; `$${` is a literal `${`. Keys, functions and zod schemas
 * stay as they are. As in a shell, the default also serves for a variable that is set but empty; without a default, empty
 * counts as missing.
 */
export function interpolate(
  value: unknown,
  env: Environment,
  unreadable: ReadonlyMap<string, string> = new Map(),
): Interpolated {
  const touched = new Set<string>();
  const taken = new Set<string>();
  const problems: Problem[] = [];

  const walk = (at: unknown, path: Path): unknown => {
    if (typeof at === 'string') return replace(at, path);
    if (Array.isArray(at)) return at.map((item, index) => walk(item, [...path, index]));
    if (!isPlainObject(at)) return at;
    return Object.fromEntries(Object.entries(at).map(([key, item]) => [key, walk(item, [...path, key])]));
  };

  const replace = (text: string, path: Path): string => {
    if (!text.includes('${')) return text;
    return text.replaceAll(/\$\$\{|\$\{([^}]*)\}?/g, (whole, inside: string | undefined) => {
      if (inside === undefined) return '${';
      touched.add(pathKey(path));
      const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside) ?? [];
      if (name === undefined || !whole.endsWith('}')) {
        problems.push({ path, says: 'expected ${NAME} or ${NAME:-default}; write $${ for a literal ${' });
        return STAND_IN;
      }
      const reason = unreadable.get(name);
      if (reason !== undefined) {
        problems.push({ path, says: reason });
        return STAND_IN;
      }
      const found = isInherited(name) && !Object.hasOwn(env, name) ? undefined : env[name];
      if (found !== undefined && found !== '') {
        taken.add(found);
        return found;
      }
      if (fallback !== undefined) return fallback;
      problems.push({
        path,
        says: `environment variable ${name} is ${found === undefined ? 'not set' : 'empty'} in ${thisProcess()}; set it there, or give a default: \${${name}:-default}`,
        missing: name,
      });
      return STAND_IN;
    });
  };

  return { value: walk(value, []), touched, taken, problems };
}

/** The names that a definition asks for. */
export function namesIn(value: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const record: Environment = new Proxy<Record<string, string>>(
    {},
    {
      get: (_, name) => {
        names.add(String(name));
        return undefined;
      },
    },
  );
  interpolate(value, record);
  return names;
}

/** Fits a URL as well as any other text, so that one missing variable does not look like two problems. */
const STAND_IN = 'http://missing.invalid/';

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof z.ZodType) &&
    isPlain(Object.getPrototypeOf(value))
  );
}

/** By constructor name: an object of another realm (a test's, a vm's) is as plain as one of ours. */
const isPlain = (prototype: unknown): boolean =>
  prototype === null || (prototype as { constructor?: { name?: string } }).constructor?.name === 'Object';
