import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { explain, InvalidInput } from '../../core/errors.ts';
import { findPartner } from '../../definitions/find.ts';

/**
 * The document of a definition, made to read a partner that is played: without credentials and other warehouses, and with little patience, so that a
 * rehearsal takes seconds. What is tried stays: requests, pagination, keys, schema, limits.
 */
export async function rehearsed(
  name: string,
  {
    dir,
    baseUrl,
    as,
    leftOut = [],
  }: {
    readonly dir: string;
    readonly baseUrl: string;
    readonly as: string;
    /** Streams that are not tried. */
    readonly leftOut?: readonly string[];
  },
): Promise<string> {
  const file = await findPartner(name, dir);
  if (!/\.ya?ml$/.test(file))
    throw new InvalidInput(`${file}: chaos reads definitions in YAML only; tests of others use \`syncline/testing\``);
  let document: unknown;
  try {
    document = parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new InvalidInput(`${file}: expected YAML (${explain(error)})`);
  }
  if (!isObject(document) || !isObject(document['streams']))
    throw new InvalidInput(`${file}: expected a definition with streams`);
  const streams = Object.fromEntries(
    Object.entries(without(document['streams'], leftOut)).map(([stream, of]) => [
      stream,
      isObject(of) ? impatient(without(of, ['auth', 'targets'])) : of,
    ]),
  );
  return JSON.stringify({
    ...without(document, ['auth', 'tls', 'targets', 'schedules', 'webhooks']),
    name: as,
    baseUrl,
    retry: { attempts: 60, base: '100ms', cap: '400ms', total: '5m' },
    // Whether the partner is down is decided by more calls than a rehearsal makes.
    circuit: { minCalls: 100_000, streak: 100_000, retries: 100_000 },
    streams,
  });
}

/** A job that is played is soon done. */
function impatient(stream: Record<string, unknown>): Record<string, unknown> {
  const { job } = stream;
  if (!isObject(job) || !isObject(job['poll'])) return stream;
  return { ...stream, job: { ...job, poll: { ...job['poll'], every: '100ms' } } };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const without = (value: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
