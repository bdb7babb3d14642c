import { GiveUp, RetryLater } from '../core/errors.ts';
import { onSameOrigin, originOf } from '../core/same-origin.ts';
import type { PageRead, Source } from '../core/source.ts';
import type { Partner } from '../definitions/definition.ts';

/**
 * A source that somebody wrote in TypeScript, held to what the rest relies on: its requests stay on the partner's origin, where
 * the credentials go, and what it throws by mistake is told by its kind alone, for the message may quote a record.
 */
export function writtenSource({ baseUrl }: Pick<Partner, 'baseUrl'>, written: Source): Source {
  const { foresee, prepare } = written;
  return {
    ...written,
    request: (position) => {
      const request = called('request', () => written.request(position));
      return { ...request, url: onOrigin(request.url, baseUrl) };
    },
    read: (answer, position) => checked(called('read', () => written.read(answer, position))),
    ...(prepare === undefined
      ? {}
      : {
          prepare: (answer, position) =>
            prepare(answer, position).catch((error: unknown) => called('prepare', () => rethrow(error))),
        }),
    ...(foresee === undefined
      ? {}
      : { foresee: (answer, position) => called('foresee', () => foresee(answer, position)) }),
  };
}

/** Types do not hold at run time, and what is no page must not end a listing. */
function checked(page: PageRead): PageRead {
  const { records, next }: Partial<PageRead> = page ?? {};
  const cursor: unknown = next?.cursor;
  if (Array.isArray(records) && (cursor === null || typeof cursor === 'string')) return page;
  const what = Array.isArray(records) ? 'next.cursor is neither a text nor null' : 'records is no array';
  throw new GiveUp(`the source's function "read" returned no page: ${what}`);
}

function called<T>(name: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof GiveUp || error instanceof RetryLater) throw error;
    throw new GiveUp(`the source's function "${name}" threw a ${error instanceof Error ? error.name : typeof error}`);
  }
}

function rethrow(error: unknown): never {
  throw error;
}

function onOrigin(asked: string, baseUrl: string): string {
  const base = new URL(baseUrl);
  if (!URL.canParse(asked, baseUrl)) throw new GiveUp(`the source's function "request" returned a url that is none`);
  const link = new URL(asked, baseUrl);
  const url = onSameOrigin(link, base);
  if (url === undefined)
    throw new GiveUp(`the source asks ${originOf(link)}, not ${base.origin}: credentials are not sent there`);
  return url.href;
}
