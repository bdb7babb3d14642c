import { namesIn, type Environment } from './interpolate.ts';

/** Shorter ones are places, versions and numbers rather than secrets. */
const SHORTEST = 8;

/** The values of `${NAME}` that go out with requests outside of `auth`; where they go, a host's name is no secret. */
export function carriedSecrets(
  definition: unknown,
  { env, baseUrl }: { readonly env: Environment; readonly baseUrl: string },
): Environment {
  const { baseUrl: base, headers, streams } = (definition ?? {}) as Readonly<Record<string, unknown>>;
  const parts = Object.values((streams ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>).map(
    ({ path, query, headers: own, body, form, text, graphql }) => [path, query, own, body, form, text, graphql],
  );
  const { origin } = new URL(baseUrl);
  const carried = [...namesIn([base, headers, parts])].filter((name) => {
    const value = env[name] ?? '';
    return value.length >= SHORTEST && !value.includes('://') && !origin.includes(value.toLowerCase());
  });
  return Object.fromEntries(carried.map((name) => [name, env[name]]));
}
