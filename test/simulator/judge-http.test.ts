import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { runJudge } from '../../simulator/judge/run-judge.ts';
import type { RunningJudge } from '../../simulator/judge/run-judge.ts';
import type { JudgeInput } from '../../simulator/judge/settings.ts';
import { getJson, post } from './walk.ts';

const open: RunningJudge[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((judge) => judge.close()));
});

/** A judge whose time stands still until it is told to move. 24 November 2026, 10:00 UTC. */
async function judgeOf(settings: JudgeInput) {
  const time = { us: Date.UTC(2026, 10, 24, 10) * 1000 };
  const judge = await runJudge(settings, { clock: () => time.us });
  open.push(judge);
  const ask = async (path = '/s/payments', token = 'one', method = 'GET') => {
    const response = await fetch(judge.url + path, { method, headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    return response;
  };
  /** Statuses of requests that come so many milliseconds one after the other. */
  const statuses = async (gapsMs: readonly number[], ...how: Parameters<typeof ask>) => {
    const all: number[] = [];
    for (const gapMs of gapsMs) {
      time.us += gapMs * 1000;
      all.push((await ask(...how)).status);
    }
    return all;
  };
  const later = (ms: number) => void (time.us += ms * 1000);
  return { judge, ask, statuses, later };
}

const headerOf = (response: Response, name: string) => response.headers.get(name);

describe('listings', () => {
  test('are read page by page until there is no next', async () => {
    const { judge } = await judgeOf({ streams: { payments: { pages: 3 } }, size: 2 });
    const headers = { authorization: 'Bearer one' };
    const ids: string[] = [];
    let page = 1;
    while (page > 0) {
      const body = await getJson(`${judge.url}/s/payments?page=${page}`, { headers });
      ids.push(...(body['data'] as { id: string }[]).map((row) => row.id));
      page = Number(body['next']);
    }
    expect(ids).toEqual([0, 1, 2, 3, 4, 5].map((at) => `payments-${at}`));
    expect(await getJson(`${judge.url}/s/payments?page=9`, { headers })).toEqual({ data: [], next: null });
    expect((await getJson(`${judge.url}/s/payments?size=7`, { headers }))['data']).toHaveLength(7);
    expect(judge.report()).toMatchObject({ requests: 5, admitted: 5, byStatus: { 200: 5 }, byStream: { payments: 5 } });
  });

  test.each([
    ['/s/payments?page=0', 400],
    ['/s/payments?size=1001', 400],
    ['/s/payments?page=x', 400],
    ['/other', 404],
  ])('%s is answered with %i', async (path, status) => {
    expect((await (await judgeOf({})).ask(path)).status).toBe(status);
  });

  test('need a bearer token that is known', async () => {
    const { judge, ask } = await judgeOf({ tokens: ['one'] });
    expect((await ask()).status).toBe(200);
    expect((await ask('/s/a', 'two')).status).toBe(401);
    expect((await fetch(`${judge.url}/s/a`)).status).toBe(401);
    expect(judge.report()).toMatchObject({ requests: 3, admitted: 1, refused: 0, unauthorized: 2 });
  });
});

describe('limits', () => {
  test('are judged to the microsecond, by the time of arrival', async () => {
    const { judge, statuses } = await judgeOf({ judges: [{ kind: 'tokenBucket', rate: 20 }] });
    expect(await statuses([0, 49.999, 0.001, 50])).toEqual([200, 429, 200, 200]);
    expect(judge.report()).toMatchObject({
      refused: 1,
      wallMs: 100,
      idealWallMs: 100,
      tokens: [
        {
          gaps: { minUs: 50_000, p50Us: 50_000, maxUs: 50_000 },
          judges: [{ name: 'burst', refused: 1, worstOverrunMs: 0.001 }],
        },
      ],
    });
  });

  test('are kept for each token on its own', async () => {
    const { judge, statuses } = await judgeOf({ judges: [{ kind: 'fixedWindow', limit: 2, perMs: 60_000 }] });
    expect(await statuses([0, 0, 0], '/s/a', 'one')).toEqual([200, 200, 429]);
    expect(await statuses([0, 0, 0], '/s/b', 'two')).toEqual([200, 200, 429]);
    expect(judge.report().tokens.map(({ requests, refused }) => [requests, refused])).toEqual([
      [3, 1],
      [3, 1],
    ]);
    expect(JSON.stringify(judge.report())).not.toContain('two');
  });

  test('a concurrency cap lets the next one in when an answer went out or its client is gone', async () => {
    const { judge, ask } = await judgeOf({ judges: [{ kind: 'concurrency', limit: 2 }], latencyMs: 800 });
    const both = Promise.all([ask(), ask()]);
    await until(() => judge.report().requests === 2);
    expect((await ask()).status).toBe(429);
    expect((await both).map(({ status }) => status)).toEqual([200, 200]);
    const gone = new AbortController();
    const headers = { authorization: 'Bearer one' };
    const aborted = fetch(`${judge.url}/s/a`, { headers, signal: gone.signal }).catch(() => 'gone');
    const beside = ask();
    await until(() => judge.report().requests === 5);
    gone.abort();
    expect(await aborted).toBe('gone');
    expect((await beside).status).toBe(200);
    expect((await Promise.all([ask(), ask()])).map(({ status }) => status)).toEqual([200, 200]);
    expect(judge.report()).toMatchObject({ maxConcurrent: 3, refused: 1, byStatus: { 200: 5, 429: 1 } });
  });
});

describe('a refusal', () => {
  const judges = [{ kind: 'fixedWindow', limit: 1, perMs: 10_000 }] as const;
  const refused = async (settings: JudgeInput) => {
    const { judge, ask, later } = await judgeOf({ judges: [...judges], ...settings });
    await ask();
    later(2250);
    return { judge, later, ask, response: await ask() };
  };

  test.each([
    ['int', '8', 10_250],
    ['decimal', '7.75', 10_000],
    ['imf', 'Tue, 24 Nov 2026 10:00:10 GMT', 10_000],
    ['rfc850', 'Tuesday, 24-Nov-26 10:00:10 GMT', 10_000],
    ['asctime', 'Tue Nov 24 10:00:10 2026', 10_000],
  ] as const)('with Retry-After as %s says %s, and who comes before %i ms is early', async (form, value, resetMs) => {
    const { judge, later, ask, response } = await refused({ refusal: { retryAfter: form } });
    expect([response.status, headerOf(response, 'retry-after')]).toEqual([429, value]);
    later(resetMs - 2250 - 0.001);
    await ask();
    later(0.001);
    await ask();
    expect(judge.report()).toMatchObject({
      early: 1,
      tokens: [{ early: 1, earlyArrivals: [{ stream: 'payments', beforeResetMs: 0.001 }] }],
    });
  });

  test.each(['none', 'garbage', 'past', 'huge'] as const)(
    'with Retry-After %s tells nothing to be kept',
    async (form) => {
      const { judge, ask } = await refused({ refusal: { retryAfter: form } });
      await ask();
      expect(judge.report()).toMatchObject({ early: 0, refused: 2, tokens: [{ resets: [] }] });
    },
  );

  test('without Retry-After is told by a header that names the reset', async () => {
    const { judge, ask, response } = await refused({ refusal: { retryAfter: 'none', status: 403 }, headers: 'github' });
    expect([response.status, headerOf(response, 'x-ratelimit-reset')]).toEqual([403, '1795514410']);
    await ask();
    expect(judge.report()).toMatchObject({ early: 1, tokens: [{ resets: [{ firstAfterMs: null }] }] });
  });

  test('by a partner whose clock is off is dated by that clock and kept by the true one', async () => {
    const { judge, later, ask, response } = await refused({
      refusal: { retryAfter: 'imf' },
      headers: 'x-ratelimit',
      clockSkewMs: -3_600_000,
    });
    expect(headerOf(response, 'date')).toBe('Tue, 24 Nov 2026 09:00:02 GMT');
    expect(headerOf(response, 'retry-after')).toBe('Tue, 24 Nov 2026 09:00:10 GMT');
    expect(headerOf(response, 'x-ratelimit-reset')).toBe('1795510810');
    later(7750);
    await ask();
    expect(judge.report()).toMatchObject({ early: 0, tokens: [{ resets: [{ firstAfterMs: 0 }] }] });
  });
});

describe('headers', () => {
  const judges: JudgeInput['judges'] = [
    { kind: 'leakyBucket', capacity: 40, leak: 2 },
    { kind: 'dailyQuota', limit: 1000 },
  ];
  test('tell where the limits stand, in the words of a vendor', async () => {
    const { ask } = await judgeOf({ judges, headers: 'shopify' });
    await ask();
    expect(headerOf(await ask(), 'x-shopify-shop-api-call-limit')).toBe('2/40');
  });

  test('of the IETF tell all limits at once', async () => {
    const response = await (await judgeOf({ judges, headers: 'ietf' })).ask();
    expect(headerOf(response, 'ratelimit')).toBe('"bucket";r=39;t=1, "daily";r=999;t=50400');
    expect(headerOf(response, 'ratelimit-policy')).toBe('"bucket";q=40;w=20, "daily";q=1000;w=86400');
  });

  const limited = [{ kind: 'fixedWindow', limit: 2, perMs: 60_000 }] as const;
  const told = async (lies: JudgeInput['lies']) => {
    const { ask } = await judgeOf({ judges: [...limited], headers: 'ratelimit', ...(lies && { lies }) });
    const all: unknown[] = [];
    for (const _ of [1, 2, 3]) {
      const response = await ask();
      all.push([response.status, headerOf(response, 'ratelimit-remaining'), headerOf(response, 'ratelimit-reset')]);
    }
    return all;
  };
  test.each<[string, JudgeInput['lies'], readonly unknown[]]>([
    [
      'the truth',
      [],
      [
        [200, '1', '60'],
        [200, '0', '60'],
        [429, '0', '60'],
      ],
    ],
    [
      'nothing after the first',
      [{ kind: 'vanish', from: 2 }],
      [
        [200, '1', '60'],
        [200, null, null],
        [429, null, null],
      ],
    ],
    [
      'rubbish once',
      [{ kind: 'garbage', from: 2, to: 2 }],
      [
        [200, '1', '60'],
        [200, '0x10', '1e999'],
        [429, '0', '60'],
      ],
    ],
    [
      'the contrary',
      [{ kind: 'contradict' }],
      [
        [200, '0', '60'],
        [200, '0', '60'],
        [429, '2', '60'],
      ],
    ],
    [
      'a far reset',
      [{ kind: 'hugeReset', from: 3 }],
      [
        [200, '1', '60'],
        [200, '0', '60'],
        [429, '0', '1000000000'],
      ],
    ],
  ])('can tell %s', async (_, lies, expected) => {
    expect(await told(lies)).toEqual(expected);
  });
});

describe('what is scripted', () => {
  test('is refused, is no fault of the client, and holds until the reset', async () => {
    const { judge, statuses, later, ask } = await judgeOf({
      scripted: [{ nth: 2, retryAfterMs: 5000 }],
      headers: 'ratelimit',
      transitMs: 10,
    });
    expect(await statuses([0, 1])).toEqual([200, 429]);
    later(5);
    const held = await ask();
    expect([held.status, headerOf(held, 'retry-after')]).toEqual([429, '5']);
    expect([headerOf(held, 'ratelimit-remaining'), headerOf(held, 'ratelimit-reset')]).toEqual(['0', '5']);
    expect(await statuses([10, 4984, 1, 40])).toEqual([429, 429, 200, 200]);
    // Whoever asks while it holds is told anew, rounded up to whole seconds: the last two came before that.
    expect(judge.report()).toMatchObject({ refused: 0, scripted: 4, early: 4, inTransit: 1, admitted: 3 });
  });

  test('an outage answers 503 or resets the connection, uses nothing up and counts the calls', async () => {
    const { judge, statuses, later, ask } = await judgeOf({
      judges: [{ kind: 'dailyQuota', limit: 2 }],
      outages: [
        { fromMs: 100, toMs: 200 },
        { fromMs: 300, toMs: 400, how: 'reset' },
      ],
      outagesFrom: 'firstArrival',
    });
    expect(await statuses([0, 100, 50, 50])).toEqual([200, 503, 503, 200]);
    later(100);
    await expect(ask()).rejects.toThrow('fetch failed');
    later(100);
    expect((await ask()).status).toBe(429);
    const { outages, byStatus, refused } = judge.report();
    expect(outages.map(({ recoveredAfterMs }) => recoveredAfterMs)).toEqual([0, 0]);
    expect(outages[0]?.calls).toBe(2);
    // The client may try once more on its own when a kept connection is reset.
    expect(outages[1]?.calls).toBeGreaterThanOrEqual(1);
    expect([byStatus, refused]).toEqual([{ 200: 2, 503: 2, 429: 1 }, 1]);
  });
});

describe('controls', () => {
  test('begin anew with other settings, tell the report and every arrival, and are not counted', async () => {
    const { judge, ask, statuses } = await judgeOf({});
    await ask();
    const config = { judges: [{ kind: 'tokenBucket', rate: 1 }], tokens: ['one'] };
    expect(await (await post(`${judge.url}/_judge/config`, config)).json()).toMatchObject({ judges: [{ burst: 1 }] });
    expect(JSON.stringify(await getJson(`${judge.url}/_judge/config`))).not.toContain('"one"');
    expect(await getJson(`${judge.url}/_judge/counts`)).toMatchObject({ byVerdict: { admitted: 0 }, inFlight: 0 });
    expect(await statuses([0, 10], '/s/a?page=2')).toEqual([200, 429]);
    expect(await getJson(`${judge.url}/_judge/report`)).toMatchObject({ requests: 2, refused: 1, stall: {} });
    const lines = (await (await fetch(`${judge.url}/_judge/arrivals`)).text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { path: '/s/a', stream: 'a', verdict: 'admitted', status: 200, token: expect.stringMatching(/^[0-9a-f]{8}$/) },
      { path: '/s/a', stream: 'a', verdict: 'refused', status: 429 },
    ]);
  });

  test.each([
    [{ judges: [{ kind: 'tokenBucket', rate: 'fast' }] }, 'judges[0].rate'],
    [{ pages: 0 }, 'pages'],
  ])('refuse %j by the name of its field and change nothing', async (config, field) => {
    const { judge, ask } = await judgeOf({});
    await ask();
    const response = await post(`${judge.url}/_judge/config`, config);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining(field) } });
    expect(judge.report().requests).toBe(1);
  });

  test('a control that is not there is 404, a body that is no JSON is 400', async () => {
    const { judge } = await judgeOf({});
    expect((await fetch(`${judge.url}/_judge/none`)).status).toBe(404);
    expect((await fetch(`${judge.url}/_judge/config`, { method: 'POST', body: '{' })).status).toBe(400);
  });
});

test('requests that come in one packet are judged one by one, in their order', async () => {
  const { judge } = await judgeOf({ judges: [{ kind: 'tokenBucket', rate: 1, burst: 2 }] });
  const { hostname, port } = new URL(judge.url);
  const socket = connect(Number(port), hostname);
  const one = 'GET /s/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer one\r\n';
  socket.end(`${one}\r\n${one}\r\n${one}Connection: close\r\n\r\n`);
  let text = '';
  socket.on('data', (part: Buffer) => (text += part.toString()));
  await once(socket, 'close');
  expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])).toEqual(['200', '200', '429']);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 2));
}
