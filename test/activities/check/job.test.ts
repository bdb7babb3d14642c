import { expect, test } from '@jest/globals';
import { openCheck } from '../../../activities/check/check-stream.ts';
import { defineStream } from '../../support/define-stream.ts';

const nobody = (): never => {
  throw new Error('nobody is to be asked');
};

test('of a stream that orders an export job nothing is asked, and the check says so', async () => {
  const stream = defineStream({
    path: '/jobs/{job}',
    job: { create: { path: '/jobs', id: 'id' }, poll: { path: '/jobs/{job}/state' } },
  });
  const check = openCheck({ streams: new Map([['orders', stream]]), nowMs: 0, permits: nobody });
  expect(await check(stream)).toMatchObject({
    stream: 'orders',
    request: null,
    requests: 0,
    findings: [],
    unverified: [{ about: 'job', says: expect.stringContaining('orders an export job') }],
  });
});
