import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, integer, string } from 'fast-check';
import { backoffMs } from '../../core/backoff.ts';
import { callerGate } from '../../ingest/caller-gate.ts';
import { Authenticator } from '../../ingest/callers/authenticate.ts';
import { CallerLimiter } from '../../ingest/callers/limiter.ts';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { v1 } from '../../ingest/versions/v1.ts';
import { contentKey, push, PushFailed, type PushOptions, type PushRetry, type SentBatch } from '../../public/client.ts';
import { batchesOf, halvesOf, type Cut } from '../../sending/batch.ts';
import { addCaller } from '../../store/callers/change-callers.ts';
import { long } from '../support/long.ts';
import { openIngestBench, ordersByPush, type IngestBench } from '../support/use-ingest.ts';

let bench: IngestBench;
let ingest: Ingest;
beforeAll(async () => {
  const entries = ordersByPush({ primaryKey: [], version: [], disposition: 'append' });
  bench = await openIngestBench({
    orders: ordersByPush(),
    ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`entries_${i}`, entries])),
  });
  const deprecation = { since: '2027-01-01T00:00:00.000Z', sunset: '2027-07-01T00:00:00.000Z' };
  ingest = await bench.start({ limits: { bytes: 4096, records: 20, depth: 8 }, versions: [{ ...v1, deprecation }] });
});
afterAll(() => bench.close());

/** What stands between a sender and the server. `pass` forwards a request, and answers as the server did. */
type Between = (pass: () => Promise<Passed>, response: ServerResponse, seen: Seen) => Promise<void>;
interface Passed {
  readonly status: number;
  /** Gives the answer to the sender. */
  readonly answer: () => void;
}
interface Seen {
  readonly key: string;
  /** Of this key, from 1. */
  readonly attempt: number;
  readonly encoding: string | undefined;
}

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** A proxy in front of a server; `seen` has each request that came. */
async function between(how: Between, at = ingest.url): Promise<{ readonly url: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const key = String(request.headers['idempotency-key']);
    const one = {
      key,
      attempt: 1 + seen.filter((each) => each.key === key).length,
      encoding: request.headers['content-encoding'],
    };
    seen.push(one);
    const pass = async (): Promise<Passed> => {
      const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...headers } = request.headers;
      const got = await fetch(`${at}${request.url}`, {
        method: 'POST',
        headers: headers as Record<string, string>,
        body: Buffer.concat(chunks),
      });
      const text = await got.text();
      return {
        status: got.status,
        answer: () => {
          const { 'content-length': _, ...rest } = Object.fromEntries(got.headers);
          response.writeHead(got.status, rest).end(text);
        },
      };
    };
    await how(pass, response, one);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  opened.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const to = (stream: string, records: PushOptions['records'], more: Partial<PushOptions> = {}): PushOptions => ({
  url: ingest.url,
  key: 'caller',
  partner: 'acme',
  stream,
  records,
  ...more,
});
const numbered = (count: number): { id: string; v: number }[] =>
  Array.from({ length: count }, (_, i) => ({ id: `n${String(i).padStart(3, '0')}`, v: 1 }));
const idsOf = async (stream: string): Promise<readonly string[]> => {
  const { rows } = await bench.pool.query<{ id: string }>(`select id from acme.${stream} order by id`);
  return rows.map(({ id }) => id);
};
const failureOf = async (pushing: Promise<unknown>): Promise<PushFailed> => {
  const error: unknown = await pushing.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof PushFailed)) throw new Error('expected PushFailed', { cause: error });
  return error;
};

describe('batches', () => {
  test('hold all records in their order, none more than it may; and so do their halves', async () => {
    await assert(
      asyncProperty(
        array(string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 40 }),
        integer({ min: 1, max: 9 }),
        integer({ min: 1, max: 60 }),
        async (records, count, bytes) => {
          const batches: Cut[] = [];
          for await (const batch of batchesOf(records, { partner: 'p', stream: 's', most: { records: count, bytes } }))
            batches.push(batch);
          const whole = batches.flatMap((batch) => (batch.records > 1 ? halvesOf(batch) : [batch]));
          for (const cuts of [batches, whole]) {
            expect(cuts.flatMap(({ texts }) => texts.map((text) => JSON.parse(text) as unknown))).toEqual(records);
            expect(
              cuts.map(({ first, texts }) => records[first] === JSON.parse(texts[0] as string)).every(Boolean),
            ).toBe(true);
          }
          expect(batches.filter((batch) => batch.records > count)).toEqual([]);
          expect(batches.filter((batch) => batch.records > 1 && Buffer.byteLength(batch.body) > bytes)).toEqual([]);
          // No batch could have taken the first record of the next one.
          expect(
            batches.filter((batch, i) => {
              const next = batches[i + 1]?.texts[0];
              return (
                next !== undefined &&
                batch.records < count &&
                Buffer.byteLength(`[${batch.texts.join(',')},${next}]`) < bytes - 1
              );
            }),
          ).toEqual([]);
        },
      ),
      { numRuns: long ? 2000 : 100, ...(long ? {} : { seed: 1 }) },
    );
  });

  test('have one key for the same content in the same stream', () => {
    const batch = { partner: 'a', stream: 'b', first: 0, records: 1, body: '{}' };
    expect(contentKey(batch)).toBe(contentKey({ ...batch, first: 7 }));
    expect(new Set([batch, { ...batch, body: '{ }' }, { ...batch, stream: 'c' }].map(contentKey)).size).toBe(3);
  });

  test('wait longer from try to try, anywhere below a bound that doubles', () => {
    const waits = [1, 2, 3, 9].map((attempt) => backoffMs({ attempt, baseMs: 500, capMs: 30_000, random: 0.5 }));
    expect(waits).toEqual([250, 500, 1000, 15_000]);
  });
});

async function* source(): AsyncGenerator {
  yield* numbered(4);
  await Promise.resolve();
  yield { v: 'none' };
  yield { id: 'last', v: 1 };
}

describe('push', () => {
  test('sends what comes in batches, and tells of each record', async () => {
    const sent: SentBatch[] = [];
    let notices = 0;
    const report = await push(
      to('orders', source(), {
        batch: { records: 3 },
        onAnswer: (batch) => void sent.push(batch),
        onDeprecated: ({ sunset }) => void (notices += sunset === 'Thu, 01 Jul 2027 00:00:00 GMT' ? 1 : 0),
      }),
    );
    expect(report).toEqual({
      requests: 2,
      records: 6,
      accepted: 5,
      quarantined: [{ record: 4, pointer: '#/id', detail: expect.stringContaining('expected') as unknown }],
    });
    expect(sent.map(({ first, records, replayed }) => [first, records, replayed])).toEqual([
      [0, 3, false],
      [3, 3, false],
    ]);
    expect(sent[1]?.items.map(({ record, status }) => [record, status])).toEqual([
      [3, 'accepted'],
      [4, 'quarantined'],
      [5, 'accepted'],
    ]);
    expect(await idsOf('orders')).toEqual(['last', 'n000', 'n001', 'n002', 'n003']);
    expect(notices).toBe(1);
  });

  test('lands each record once where answers are lost, with one key for all tries of a batch', async () => {
    const proxy = await between(async (pass, response, { attempt }) => {
      const { answer } = await pass();
      if (attempt === 1) response.destroy();
      else if (attempt === 2) response.writeHead(202, { 'content-type': 'application/json' }).end('{"id":');
      else answer();
    });
    const retries: PushRetry[] = [];
    const sent: SentBatch[] = [];
    const records = numbered(3);
    await push(
      to('entries_0', records, {
        url: proxy.url,
        batch: { records: 2 },
        gzip: true,
        onRetry: (retry) => void retries.push(retry),
        onAnswer: (batch) => void sent.push(batch),
      }),
    );
    expect(await idsOf('entries_0')).toEqual(records.map(({ id }) => id));
    expect([new Set(proxy.seen.map(({ key }) => key)).size, proxy.seen.length]).toEqual([2, 6]);
    expect(new Set(proxy.seen.map(({ encoding }) => encoding))).toEqual(new Set(['gzip']));
    expect(sent.map(({ replayed }) => replayed)).toEqual([true, true]);
    expect(retries.map(({ attempt, because }) => [attempt, because.split(':')[0]])).toEqual(
      [1, 2].flatMap(() => [
        [1, 'no answer'],
        [2, '202'],
      ]),
    );
  });

  test('goes on after a crash with the keys that were written down', async () => {
    const written = new Map<number, string>();
    const idempotencyKey: PushOptions['idempotencyKey'] = ({ first }) => {
      const key = written.get(first) ?? crypto.randomUUID();
      written.set(first, key);
      return key;
    };
    await push(to('entries_1', numbered(3), { batch: { records: 2 }, idempotencyKey }));
    await push(
      to('entries_1', numbered(5), {
        batch: { records: 2 },
        idempotencyKey: ({ first, ...of }) => idempotencyKey({ first: first === 2 ? 9 : first, ...of }),
      }),
    );
    // The second batch is another request now: its record that came before comes again.
    expect(await idsOf('entries_1')).toEqual(['n000', 'n001', 'n002', 'n002', 'n003', 'n004']);
    for (let i = 0; i < 2; i++)
      await push(to('entries_2', numbered(4), { batch: { records: 2 }, idempotencyKey: contentKey }));
    expect(await idsOf('entries_2')).toHaveLength(4);
  });

  test('cuts a batch in two that is too large for the server', async () => {
    const sent: SentBatch[] = [];
    const report = await push(to('entries_3', numbered(45), { onAnswer: (batch) => void sent.push(batch) }));
    expect(report).toMatchObject({ requests: 4, records: 45, accepted: 45 });
    expect(sent.map(({ first, records }) => [first, records])).toEqual([
      [0, 12],
      [12, 11],
      [23, 11],
      [34, 11],
    ]);
    expect(await idsOf('entries_3')).toEqual(numbered(45).map(({ id }) => id));
    const whole = await failureOf(push(to('entries_3', numbered(45), { atomic: true })));
    expect([whole.status, whole.code]).toEqual([413, 'too_large']);
  });

  test('stops at what does not fit, names the record, and says what had landed', async () => {
    const records = [...numbered(4), { id: 'x', v: 1 }, { id: 5, v: 1 }, { id: 'never', v: 1 }];
    const failed = await failureOf(push(to('entries_4', records, { batch: { records: 2 }, atomic: true })));
    expect(failed).toMatchObject({
      status: 422,
      code: 'record_invalid',
      retryAfterMs: undefined,
      batch: { first: 4, records: 2 },
      errors: [{ record: 5, pointer: '#/id' }],
      report: { requests: 2, records: 4, accepted: 4 },
    });
    expect(failed.requestId).toMatch(/^[\da-f-]{36}$/);
    expect(await idsOf('entries_4')).toHaveLength(4);
    const alone = await failureOf(push(to('entries_4', [{ id: 5 }])));
    expect(alone.errors).toEqual([{ record: 0, pointer: '#/id', detail: expect.any(String) as unknown }]);
    expect((await failureOf(push(to('entries_4', numbered(1), { key: 'stranger' })))).code).toBe('not_allowed');
    expect((await failureOf(push(to('nowhere', numbered(1))))).code).toBe('not_found');
    await expect(push(to('entries_4', [{ id: 'a', v: 1 }, undefined]))).rejects.toThrow('record 1: expected a value');
  });

  test('gives up when its patience ends, and says when it would pass', async () => {
    const refusing = await between((_, response) => {
      response.writeHead(503, { 'retry-after': '7200' }).end('no problem document');
      return Promise.resolve();
    });
    const failed = await failureOf(push(to('entries_5', numbered(1), { url: refusing.url })));
    expect([failed.status, failed.code, refusing.seen.length]).toEqual([503, undefined, 1]);
    expect(failed.retryAfterMs).toBeGreaterThanOrEqual(7_200_000);
    const nobody = await failureOf(push(to('entries_5', numbered(1), { url: 'http://127.0.0.1:1', patienceMs: 0 })));
    expect([nobody.status, String(nobody.cause)]).toEqual([undefined, 'TypeError: fetch failed']);
    const moved = await between((_, response) => {
      response.writeHead(302, { location: ingest.url }).end();
      return Promise.resolve();
    });
    expect((await failureOf(push(to('entries_5', numbered(1), { url: moved.url })))).status).toBe(302);
  });

  test('ends at once when its signal says so, also while it waits', async () => {
    const stopping = new AbortController();
    const refusing = await between((_, response) => {
      response.writeHead(503, { 'retry-after': '600' }).end();
      return Promise.resolve();
    });
    const reason = new Error('enough');
    const pushing = push(
      to('entries_5', numbered(9), {
        url: refusing.url,
        batch: { records: 1 },
        concurrency: 3,
        signal: stopping.signal,
        onRetry: () => stopping.abort(reason),
      }),
    );
    await expect(pushing).rejects.toBe(reason);
    await expect(push(to('entries_5', [], { signal: stopping.signal }))).rejects.toBe(reason);
  });

  test('has as many requests at once as it may, and no more; a failure of one lets the others end', async () => {
    let now = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const proxy = await between(async (pass) => {
      now += 1;
      most = Math.max(most, now);
      // The first three go on together only: fewer at once would wait for ever.
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length >= 3) for (const go of waiting) go();
      });
      const { answer } = await pass();
      now -= 1;
      answer();
    });
    const options = { url: proxy.url, batch: { records: 1 }, concurrency: 3, idempotencyKey: contentKey } as const;
    await push(to('entries_6', numbered(8), options));
    expect(most).toBe(3);
    expect(await idsOf('entries_6')).toHaveLength(8);
    const failed = await failureOf(push(to('entries_7', [{ id: 5 }, ...numbered(8)], options)));
    expect(failed.code).toBe('record_invalid');
    const landed = await idsOf('entries_7');
    expect(failed.report.records).toBe(landed.length);
  });
});

describe('push against limits', () => {
  let limited: Ingest;
  const keys: string[] = [];
  beforeAll(async () => {
    const person = { by: 'ann', reason: 'a test' };
    const terms = { tier: 'normal', scopes: ['acme/*'], addresses: null, certificate: null } as const;
    for (const [id, limits] of Object.entries({ obeys: { rate: 10, burst: 3 }, hurries: { rate: 1, burst: 1 } }))
      keys.push(await addCaller(bench.pool, { ...terms, id, limits }, person));
    limited = await bench.start({
      gate: callerGate({ authenticator: new Authenticator(bench.pool), limiter: new CallerLimiter(bench.pool) }),
    });
  });

  test('waits where RateLimit says that nothing is left, so that nothing is refused', async () => {
    const retries: PushRetry[] = [];
    const report = await push(
      to('entries_8', numbered(5), {
        url: limited.url,
        key: () => keys[0] as string,
        batch: { records: 1 },
        onRetry: (retry) => void retries.push(retry),
      }),
    );
    expect([report.accepted, retries]).toEqual([5, []]);
  });

  test('sends again after Retry-After what was refused', async () => {
    const retries: PushRetry[] = [];
    await push(
      to('orders', numbered(3), {
        url: limited.url,
        key: keys[1] as string,
        batch: { records: 1 },
        concurrency: 3,
        onRetry: (retry) => void retries.push(retry),
      }),
    );
    expect(new Set(retries.map(({ because }) => because))).toEqual(new Set(['429 too_many_requests']));
    expect(retries.filter(({ waitMs }) => waitMs < 1000)).toEqual([]);
  });
});
