import { InvalidInput } from '../../core/errors.ts';

export interface Rehearsing {
  readonly baseUrl: string;
  /** The name that the partner has meanwhile. */
  readonly as: string;
  /** Streams that are not tried. */
  readonly leftOut?: readonly string[];
}

/**
 * A definition, made to read a partner that is played: without credentials and other warehouses, and with little patience, so that a rehearsal takes
 * seconds. What is tried stays: requests, pagination, keys, schema, limits. @throws {InvalidInput} it has no streams.
 */
export function rehearse(document: unknown, { baseUrl, as, leftOut = [] }: Rehearsing): Record<string, unknown> {
  if (!isObject(document) || !isObject(document['streams']))
    throw new InvalidInput(`${as}: expected a definition with streams`);
  const streams = Object.fromEntries(
    Object.entries(without(document['streams'], leftOut)).map(([stream, of]) => [
      stream,
      isObject(of) ? impatient(without(of, ['auth', 'targets'])) : of,
    ]),
  );
  return {
    ...without(document, ['auth', 'tls', 'targets', 'schedules', 'webhooks']),
    name: as,
    baseUrl,
    retry: { attempts: 60, base: '100ms', cap: '400ms', total: '5m' },
    // Whether the partner is down is decided by more calls than a rehearsal makes.
    circuit: { minCalls: 100_000, streak: 100_000, retries: 100_000 },
    streams,
  };
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
