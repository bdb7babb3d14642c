import { z } from 'zod';
import { DAY } from '../core/duration.ts';
import type { Partner, StreamDefinition } from './definition.ts';
import { durationMs } from './duration-text.ts';
import type { Path, Problem } from './problem.ts';
import { means } from './means.ts';

/** Callers may send records of the stream to `POST /v1/{partner}/{stream}`: docs/push.md. */
export const push = z.strictObject({
  idempotency: means(
    '`required`: each request needs an Idempotency-Key. `derived` (default with a primaryKey): without one, key and content tell a repeat',
    z.enum(['required', 'derived']).optional(),
  ),
  keepKeys: means('how long an Idempotency-Key and its answer are kept', durationMs.default(7 * DAY)),
});
export type Push = z.output<typeof push>;

type Pushed = Pick<StreamDefinition, 'path' | 'source' | 'job' | 'push' | 'primaryKey' | 'disposition'>;

/** Nothing is ever asked for: its records only come by themselves. */
export const isPushOnly = ({
  path,
  source,
  job,
  push: pushed,
}: Pick<StreamDefinition, 'path' | 'source' | 'job' | 'push'>): boolean =>
  pushed !== undefined && path === undefined && source === undefined && job?.files === undefined;

/** Whether the same record that comes again is known by its key and content, however it comes. */
export const knowsRepeats = ({ primaryKey }: Pick<Pushed, 'primaryKey'>): boolean => primaryKey.length > 0;

export const idempotencyOf = (stream: Pushed): 'required' | 'derived' =>
  stream.push?.idempotency ?? (knowsRepeats(stream) ? 'derived' : 'required');

export function checkPush(stream: StreamDefinition, path: Path): readonly Problem[] {
  if (stream.push === undefined) return [];
  const problems: Problem[] = [];
  if (stream.disposition === 'replace')
    problems.push({
      path: [...path, 'push'],
      says: 'each run of a replace removes what its listing does not have, so pushed records would be removed; use merge, or leave push out',
    });
  if (stream.push.idempotency === 'derived' && !knowsRepeats(stream))
    problems.push({
      path: [...path, 'push', 'idempotency'],
      says: 'without a primaryKey a repeated record cannot be recognised; add one, or write required',
    });
  if (isPushOnly(stream)) problems.push(...checkPushOnly(stream, path));
  return problems;
}

/** What only says how a partner is asked would never be used. */
function checkPushOnly(stream: StreamDefinition, path: Path): Problem[] {
  const told: Readonly<Record<string, boolean>> = {
    incremental: stream.incremental !== undefined,
    parent: stream.parent !== undefined,
    pageSize: stream.pageSize !== undefined,
    graphql: stream.graphql !== undefined,
    fullListing: stream.fullListing === true,
    // Its age is counted from runs.
    freshness: stream.freshness !== undefined,
  };
  return Object.keys(told)
    .filter((name) => told[name])
    .map((name) => ({
      path: [...path, name],
      says: 'the stream has no path, so its records are only pushed and nothing is asked for; add a path, or leave this out',
    }));
}

/** `/v1/ingest/{id}` is where a request's state is. */
export function checkPushedName({ name, streams }: Pick<Partner, 'name' | 'streams'>): readonly Problem[] {
  const pushed = Object.entries(streams).find(([, stream]) => stream.push !== undefined);
  return name === 'ingest' && pushed !== undefined
    ? [
        {
          path: ['streams', pushed[0], 'push'],
          says: 'a partner called ingest cannot be pushed to, because /v1/ingest/… is the path for the status of requests; choose another name for it',
        },
      ]
    : [];
}
