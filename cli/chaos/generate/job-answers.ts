import { assertNever } from '../../../core/assert-never.ts';
import type { Job } from '../../../definitions/job.ts';
import { atWork } from '../../../recordings/at-work.ts';
import type { Exchange } from '../../../recordings/recording.ts';
import { CannotGenerate } from './cannot-generate.ts';
import type { Made } from './record-of.ts';

/** The key of an order, where requests are made that nobody sends. */
export const KEY = 'a-key-of-an-order';

export interface Ordered {
  /** Stands for the id. */
  readonly token: string;
  readonly origin: string;
  /** How many files the result has; 0 where it is read by pages, or has no records. */
  readonly files: number;
  /** Different records. */
  readonly total: number;
  /** Whether a result that is gone may be ordered again. */
  readonly hasKey: boolean;
}

/** What a partner says of a job: as JSON, and by status or header where the definition reads those. */
export function jobAnswer(
  job: Job,
  step: 'find' | 'create' | 'poll',
  { token, origin, files, total, hasKey }: Ordered,
): Pick<Exchange, 'status' | 'headers' | 'text' | 'job'> {
  // Without a path to ask, the id has to be an address.
  const id = job.poll.path === undefined ? `${origin}/jobs/${token}` : token;
  const base = { status: 200, headers: { 'content-type': 'application/json' } };
  switch (step) {
    case 'create': {
      const { id: at } = job.create;
      return {
        status: 201,
        headers: { ...base.headers, ...(typeof at === 'string' ? {} : { [at.header.toLowerCase()]: id }) },
        text: typeof at === 'string' ? bodyOf([[at, id]]) : '{}',
        job: { step, token, keyHeader: job.keyHeader.toLowerCase() },
      };
    }
    case 'find': {
      const at = job.find?.id;
      if (typeof at !== 'string') throw new CannotGenerate('a job is looked for by a header of the answer');
      return { ...base, text: '{}', job: { step, token, found: bodyOf([[at, id]]) } };
    }
    case 'poll': {
      const { status, done = [], failed, expired, message, total: totalAt } = job.poll;
      const said = (state: unknown, more: Parameters<typeof bodyOf>[0] = []): string =>
        bodyOf([...(status === undefined ? [] : [[status, state] as const]), ...more]);
      const [word] = done;
      const [failure, gone] = [failed[0], expired[0]];
      const why = message === undefined ? [] : [[message, 'the export was given up'] as const];
      return {
        ...base,
        text: said(word, [
          ...(totalAt === undefined ? [] : [[totalAt, total] as const]),
          ...filesAt(
            job.files,
            Array.from({ length: files }, (_, i) => `${origin}/files/${token}/${i + 1}`),
          ),
        ]),
        job: {
          step,
          token,
          running: { status: status === undefined ? 202 : 200, text: said(atWork(job)) },
          ...(failure === undefined ? {} : { failed: said(failure, why) }),
          ...(gone === undefined || !hasKey ? {} : { expired: said(gone) }),
          ...(totalAt === undefined ? {} : { total: totalAt }),
        },
      };
    }
    default:
      return assertNever(step);
  }
}

/** One address, or one for each element where the path has a `*`. */
function filesAt(path: string | undefined, urls: readonly string[]): (readonly [string, unknown])[] {
  if (path === undefined) return [];
  const at = path.indexOf('*');
  if (at === -1) return [[path, urls[0] ?? null]];
  const list = path.slice(0, at).replace(/\.$/, '');
  if (urls.length === 0) return [[list, []]];
  return urls.map((url, i) => [path.slice(0, at) + String(i) + path.slice(at + 1).replaceAll('*', '0'), url]);
}

/** JSON with values at dotted paths; a number is the index of a list. */
function bodyOf(values: readonly (readonly [path: string, value: unknown])[]): string {
  const body: Made = {};
  for (const [path, value] of values) put(body, path.split('.'), value);
  return JSON.stringify(body);
}

function put(into: Made, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) into[name] = value;
  else {
    into[name] ??= /^\d+$/.test(rest[0] ?? '') ? [] : {};
    put(into[name] as Made, rest, value);
  }
}
