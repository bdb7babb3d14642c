import { expect, test } from '@jest/globals';
import { awaitServer, type AwaitServer } from '../../workers/await-server.ts';

const told: unknown[] = [];
const of: AwaitServer = { isAway: () => true, warn: (facts) => told.push(facts) };
const never = (): Promise<never> => new Promise(() => {});

test('a server that is away is asked again, and its answer is returned', async () => {
  let asked = 0;
  const ask = (): Promise<string> =>
    (asked += 1) > 1 ? Promise.resolve('here') : Promise.reject(new Error('it is starting'));
  expect(await awaitServer(ask, of)).toBe('here');
  expect(told.splice(0)).toEqual([{ attempt: 1, error: 'it is starting' }]);
});

test.each([
  ['that is away for longer than was said', { ...of, patienceMs: 0 }],
  ['that refuses us', { ...of, isAway: () => false }],
])('a server %s is not asked again', async (_, patience) => {
  await expect(awaitServer(() => Promise.reject(new Error('no')), patience)).rejects.toThrow('no');
  expect(told).toEqual([]);
});

test('who is told to stop waits neither for an answer nor for the next time', async () => {
  for (const ask of [never, () => Promise.reject(new Error('away'))]) {
    const stop = new AbortController();
    const waiting = awaitServer<void>(ask, { ...of, signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    await expect(waiting).rejects.toThrow('aborted');
    await expect(awaitServer<void>(ask, { ...of, signal: stop.signal })).rejects.toThrow('aborted');
  }
});
