import type { Path } from './problem.ts';

/** What may be wrong in these is better not shown: they carry credentials, whole or in part. */
const secretive = new Set(['auth', 'headers', 'query', 'body', 'baseUrl', 'url', 'secrets']);
/** Words of `auth` that name a kind, never a secret. */
const kinds = new Set(['type', 'in', 'grant', 'clientAuth', 'algorithm', 'encoding', 'renewBefore']);

/** `"cursor"`, `5`, `a list`, `nothing`: a value as an error message may show it. */
export function found(value: unknown, path: Path, fromEnvironment: boolean): string {
  if (fromEnvironment) return 'a text from the environment';
  const shown = !path.some((step) => secretive.has(String(step))) || kinds.has(String(path.at(-1)));
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping';
  if (value === '') return 'an empty text';
  if (typeof value === 'string')
    return shown ? JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value) : 'a text';
  return shown && (typeof value === 'number' || typeof value === 'boolean') ? String(value) : `a ${typeof value}`;
}
