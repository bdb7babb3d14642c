import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { faultsEnded, plannedFaults, type FaultKind } from '../../recordings/faults.ts';
import type { Recording } from '../../recordings/recording.ts';
import { startReplay, type Replay } from '../../recordings/replay.ts';
import { randomOf } from '../../simulator/random.ts';

const page = (ids: readonly number[], next: string | null): string =>
  JSON.stringify({ data: ids.map((id) => ({ id })), next: next === null ? null : `{origin}/orders?cursor=${next}` });
const recording: Recording = {
  version: 1,
  partner: 'acme',
  stream: 'orders',
  recordedAt: '2026-11-30T00:00:00Z',
  basePath: '',
  complete: true,
  records: 4,
  keyed: true,
  replaced: [],
  exchanges: [
    [null, page([1, 2], 'a')],
    ['a', page([3, 4], null)],
  ].map(([cursor, text]) => ({
    method: 'GET',
    path: '/orders',
    query: cursor === null || cursor === undefined ? [] : [['cursor', cursor]],
    body: null,
    status: 200,
    headers: { 'content-type': 'application/json' },
    text: text as string,
  })),
};

let replay: Replay;
beforeAll(async () => {
  replay = await startReplay([recording]);
});
afterAll(() => replay.close());

/** What the first page is answered under a fault. */
async function under(kind: FaultKind, path = '/orders'): Promise<{ status: number; text: string } | undefined> {
  replay.play({ at: () => kind });
  try {
    const answer = await fetch(`${replay.origin}${path}`);
    return { status: answer.status, text: await answer.text() };
  } catch {
    return undefined;
  } finally {
    replay.play(faultsEnded);
  }
}
const idsOf = (answer: { text: string } | undefined): unknown =>
  (JSON.parse(answer?.text ?? '{}') as { data: { id: number }[] }).data.map(({ id }) => id);

test('pages lead to each other on this machine', async () => {
  const first = (await (await fetch(`${replay.origin}/orders`)).json()) as { next: string };
  expect(new URL(first.next).origin).toBe(replay.origin);
  expect(await (await fetch(first.next)).json()).toEqual({ data: [{ id: 3 }, { id: 4 }], next: null });
});

test('what was not recorded is refused, and counted', async () => {
  const before = replay.arrivals().length;
  expect((await fetch(`${replay.origin}/refunds?limit=5`)).status).toBe(404);
  expect(replay.arrivals().slice(before)).toMatchObject([{ request: 'GET /refunds?limit', unknown: true }]);
});

test('faults are what they say', async () => {
  expect(await under('error')).toMatchObject({ status: 503 });
  expect(await under('throttle')).toMatchObject({ status: 429 });
  expect(await under('reset')).toBeUndefined();
  expect(await under('cut')).toBeUndefined();
  const garbage = await under('garbage');
  expect(garbage?.status).toBe(200);
  expect(() => idsOf(garbage)).toThrow(SyntaxError);
  expect(idsOf(await under('slow'))).toEqual([1, 2]);
  expect(idsOf(await under('doubled'))).toEqual([1, 1, 2]);
  expect((await under('field'))?.text).toContain('"chaos_field":"new"');
  expect(idsOf(await under('short'))).toEqual([1]);
  await fetch(`${replay.origin}/orders`);
  expect(idsOf(await under('again', '/orders?cursor=a'))).toEqual([1, 2]);
});

const planned = (seed: number): (FaultKind | undefined)[] => {
  const plan = plannedFaults({ random: randomOf(seed, 1), requests: 20, kinds: ['error', 'cut', 'slow'] });
  return Array.from({ length: 40 }, (_, request) => plan.at(request));
};

test('a fault that an answer has no place for is none', async () => {
  const before = replay.arrivals().length;
  for (const kind of ['total', 'malformed', 'failed', 'expired'] as const)
    expect(idsOf(await under(kind))).toEqual([1, 2]);
  expect(
    replay
      .arrivals()
      .slice(before)
      .map(({ fault }) => fault),
  ).toEqual(Array.from({ length: 4 }, () => undefined));
});

test('a seed gives the same faults again, and none after the first requests', () => {
  expect(planned(1)).toEqual(planned(1));
  expect(planned(2)).not.toEqual(planned(1));
  expect(planned(1).slice(20).filter(Boolean)).toEqual([]);
  expect(planned(1).filter(Boolean).length).toBeGreaterThan(4);
});
