import { afterEach, expect, test } from '@jest/globals';
import { startHealth, type Health } from '../../workers/health.ts';

const open: Health[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((health) => health.close()));
});
const health = async (problems: () => Promise<readonly string[]>, address = '127.0.0.1:0'): Promise<string> => {
  const started = await startHealth(address, { problems });
  open.push(started);
  return started.url;
};
const get = async (url: string): Promise<unknown> => {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
};

test('a process that works is alive and ready', async () => {
  const url = await health(async () => []);
  expect(await get(`${url}/healthz`)).toEqual({ status: 200, body: { status: 'ok' } });
  expect(await get(`${url}/readyz?from=probe`)).toEqual({ status: 200, body: { ready: true, problems: [] } });
  expect(await get(`${url}/`)).toMatchObject({ status: 404 });
  expect(await fetch(`${url}/readyz`, { method: 'POST' })).toMatchObject({ status: 405 });
});

test('one that cannot work is alive, and says why it is not ready', async () => {
  const url = await health(async () => ['database: connection refused']);
  expect(await get(`${url}/healthz`)).toMatchObject({ status: 200 });
  expect(await get(`${url}/readyz`)).toEqual({
    status: 503,
    body: { ready: false, problems: ['database: connection refused'] },
  });
});

const noted = async (notes: () => Promise<readonly string[]>): Promise<unknown> => {
  const started = await startHealth('127.0.0.1:0', { problems: async () => [], notes });
  open.push(started);
  return get(`${started.url}/readyz`);
};

test('what does not keep it from working is a note, and one that cannot be told is left out', async () => {
  expect(await noted(async () => ['target lake: loads of 1 stream fail'])).toEqual({
    status: 200,
    body: { ready: true, problems: [], notes: ['target lake: loads of 1 stream fail'] },
  });
  expect(await noted(() => Promise.reject(new Error('no')))).toEqual({
    status: 200,
    body: { ready: true, problems: [] },
  });
});

test('a check that fails or hangs is a reason, and probes at once share one look', async () => {
  let looks = 0;
  const failing = await health(async () => {
    looks += 1;
    throw new Error('no');
  });
  const answers = await Promise.all(Array.from({ length: 10 }, () => get(`${failing}/readyz`)));
  expect(answers).toEqual(
    Array.from({ length: 10 }, () => ({ status: 503, body: { ready: false, problems: ['no'] } })),
  );
  expect(looks).toBe(1);
  const hanging = await health(() => new Promise(() => {}));
  expect(await get(`${hanging}/readyz`)).toMatchObject({ status: 503, body: { problems: ['no answer within 3 s'] } });
});

test('an address that is taken, or is none, is said, with what to do', async () => {
  const url = await health(async () => []);
  await expect(health(async () => [], `127.0.0.1:${new URL(url).port}`)).rejects.toThrow(
    /SYNCLINE_HEALTH_ADDRESS: cannot listen on 127\.0\.0\.1:\d+ .*EADDRINUSE.*choose another address/,
  );
  await expect(health(async () => [], '127.0.0.1:99999')).rejects.toThrow(
    /SYNCLINE_HEALTH_ADDRESS: cannot listen on 127\.0\.0\.1:99999 .*choose another address/,
  );
});
