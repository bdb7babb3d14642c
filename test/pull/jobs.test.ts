import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { jobPartner } from '../support/job-partner.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { ordersSchema } from '../support/define-stream.ts';

let partners: OwnPartners;

beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

type JobInput = NonNullable<StreamInput['job']>;
const job: JobInput = {
  create: { path: '/jobs', body: { of: 'orders' }, id: 'job.id' },
  poll: {
    path: '/jobs/{job}',
    status: 'state',
    done: ['done'],
    failed: ['failed'],
    expired: ['expired'],
    every: '1ms',
  },
};
const schema = {
  ...ordersSchema,
  properties: { ...ordersSchema.properties, at: { type: 'string', format: 'date-time' } },
};
const stream: StreamInput = { primaryKey: ['id'], version: ['v'], records: 'data', schema };
const byFiles: StreamInput = { ...stream, job: { ...job, files: 'files.*.url' } };
const byPages: StreamInput = {
  ...stream,
  job,
  path: '/jobs/{job}/pages/{?{cursor}}',
  pagination: { type: 'token', token: 'next' },
};

async function rowsOf({ name }: OwnPartner): Promise<number> {
  const { rows } = await partners.pool.query<{ n: string }>(`select count(*) as n from ${name}.orders`);
  return Number(rows[0]?.n);
}

describe('an export job', () => {
  test('is ordered once, asked until it is done, and its files are read', async () => {
    const { answer, counts, jobs } = jobPartner({ polls: 2 });
    const partner = await partners.partner(answer, { orders: byFiles });
    const first = await partner.grant('orders');
    expect(first).toMatchObject({
      state: 'deferred',
      reason: 'job',
      cause: expect.stringContaining('export job job-1 is running'),
    });
    expect(await partner.read('orders')).toMatchObject({ outcome: 'ok', counts: { fetched: 12 }, requests: 7 });
    expect(counts).toEqual({ create: 1, poll: 3, file: 3 });
    expect([...jobs.values()][0]).toMatchObject({
      body: { of: 'orders' },
      key: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(await rowsOf(partner)).toBe(12);
    expect(partner.asked).toHaveLength(7);
  });

  test('is accepted with 202, and by its status at work until it is done', async () => {
    const { answer, counts } = jobPartner({ polls: 2, total: 12 });
    const { status: _status, done: _done, failed: _failed, expired: _expired, ...poll } = job.poll;
    const partner = await partners.partner(
      async (url, request) => {
        const answered = await answer(url, request);
        const { state } = (answered.body ?? {}) as { state?: string };
        return request.method === 'POST' || state === 'running' ? { ...answered, status: 202 } : answered;
      },
      { orders: { ...byFiles, job: { ...job, poll, files: 'files.*.url' } } },
    );
    expect(await partner.grant('orders')).toMatchObject({ state: 'deferred', reason: 'job' });
    expect(await partner.read('orders')).toMatchObject({ outcome: 'ok', counts: { fetched: 12 }, requests: 7 });
    expect(counts).toEqual({ create: 1, poll: 3, file: 3 });
  });

  test('has pages where the stream says so, and of the next run is another', async () => {
    const { answer, counts, jobs } = jobPartner();
    const partner = await partners.partner(answer, { orders: byPages });
    expect(await partner.read('orders')).toMatchObject({ outcome: 'ok', counts: { fetched: 12 } });
    expect(await partner.read('orders', { window: '2026-11-25' })).toMatchObject({
      outcome: 'ok',
      counts: { unchanged: 12 },
    });
    expect(counts).toEqual({ create: 2, poll: 4, page: 6 });
    expect(jobs.size).toBe(2);
  });

  test('that says how many records it has is held to it', async () => {
    const { answer } = jobPartner({ total: 13 });
    const counted = { ...byFiles, job: { ...job, files: 'files.*.url', poll: { ...job.poll, total: 'total' } } };
    const partner = await partners.partner(answer, { orders: counted });
    expect(await partner.read('orders')).toMatchObject({ outcome: 'suspect', reason: expect.stringContaining('13') });
  });

  test('that failed ends the run, in its words', async () => {
    const { answer, jobs } = jobPartner({ ends: ['failed'] });
    const said = { ...job, files: 'files.*.url', poll: { ...job.poll, message: 'why' } };
    const partner = await partners.partner(answer, { orders: { ...byFiles, job: said } });
    await expect(partner.read('orders')).rejects.toThrow('export job job-1 is failed (as it is): it failed');
    expect(jobs.size).toBe(1);
  });

  test('that expired, or is not known any more, is ordered again, once', async () => {
    const expired = jobPartner({ ends: ['expired'] });
    const partner = await partners.partner(expired.answer, { orders: byFiles });
    expect(await partner.read('orders')).toMatchObject({ outcome: 'ok', counts: { fetched: 12 } });
    expect([...expired.jobs.values()].map(({ key }) => key)).toHaveLength(2);

    const forgetful = jobPartner();
    const other = await partners.partner(forgetful.answer, { orders: byFiles });
    expect(await other.grant('orders')).toMatchObject({ state: 'deferred' });
    forgetful.forget();
    expect(await other.read('orders')).toMatchObject({ outcome: 'ok', counts: { fetched: 12 } });
    expect(forgetful.jobs.size).toBe(2);

    const never = jobPartner({ ends: ['expired', 'expired', 'expired'] });
    const third = await partners.partner(never.answer, { orders: byFiles });
    await expect(third.read('orders')).rejects.toThrow('it is gone');
    expect(never.jobs.size).toBe(2);
  });

  test('whose addresses have expired is asked for new ones, and files that were read are not read again', async () => {
    const { answer, counts, expireFiles } = jobPartner({ files: 25 });
    let files = 0;
    const partner = await partners.partner(
      async (url, request) => {
        if (url.pathname.startsWith('/files/') && ++files === 5) expireFiles();
        return answer(url, request);
      },
      { orders: byFiles },
    );
    expect(await partner.read('orders')).toMatchObject({ outcome: 'ok', counts: { fetched: 100, inserted: 100 } });
    // One for the addresses of the first twenty, one for new ones, one for the rest.
    expect(counts).toMatchObject({ create: 1, file: 26 });
  });

  test('whose files are refused at new addresses, too, ends the run', async () => {
    const { answer, counts } = jobPartner();
    const partner = await partners.partner(
      async (url, request) => (url.pathname.startsWith('/files/') ? { status: 403, body: {} } : answer(url, request)),
      { orders: byFiles },
    );
    await expect(partner.read('orders')).rejects.toThrow('refused 5 times');
    expect(counts).toMatchObject({ create: 1 });
  });

  test('is looked for before it is ordered where the partner does not know its key', async () => {
    const { answer, counts, jobs } = jobPartner({ knowsKeys: false });
    const find = { path: '/jobs', query: { name: '{key}' }, id: 'jobs.*.id' };
    const create = { ...job.create, body: { name: '{key}' } };
    let broken = false;
    const partner = await partners.partner(
      async (url, request) => {
        const made = await answer(url, request);
        if (request.method !== 'POST' || broken) return made;
        broken = true;
        return { status: 503, text: 'ordered, and nobody hears of it' };
      },
      { orders: { ...byFiles, job: { ...job, create, find, files: 'files.*.url' } } },
    );
    expect(await partner.read('orders')).toMatchObject({ outcome: 'ok', counts: { fetched: 12 } });
    expect(jobs.size).toBe(1);
    expect(counts).toMatchObject({ find: 2, create: 1 });
  });

  test('is at work no longer than it may be', async () => {
    const { answer } = jobPartner({ polls: 1000 });
    const partner = await partners.partner(answer, {
      orders: { ...byFiles, job: { ...job, maxWait: '1ms', files: 'f' } },
    });
    await expect(partner.read('orders')).rejects.toThrow('job.maxWait ends it');
  });

  test('of one slice does not hold up the others', async () => {
    const { answer, jobs, counts } = jobPartner({ files: 1 });
    const incremental = { field: 'at', initial: '2026-11-20T00:00:00Z' };
    const create = { ...job.create, body: { from: '{start:date}', to: '{end:date}' } };
    const partner = await partners.partner(answer, {
      orders: { ...byFiles, incremental, slice: '1d', concurrency: 3, job: { ...job, create, files: 'files.*.url' } },
    });
    expect(await partner.grant('orders')).toMatchObject({ state: 'deferred', reason: 'job' });
    expect(counts).toMatchObject({ create: 3, poll: 3 });
    await partner.read('orders');
    // Side by side, so in whatever order they come.
    expect([...jobs.values()].map(({ body }) => (body as { from: string }).from).toSorted()).toEqual([
      '2026-11-20',
      '2026-11-21',
      '2026-11-22',
      '2026-11-23',
      '2026-11-24',
    ]);
  });
});

describe('files elsewhere', () => {
  test('are fetched without credentials, from hosts that the definition names', async () => {
    const seen: (string | undefined)[] = [];
    const storage = createServer((request, response) => {
      seen.push(request.headers.authorization);
      const [, , , number] = new URL(request.url as string, 'http://x').pathname.split('/');
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ data: [{ id: `f${number}`, v: 1 }] }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => storage.once('listening', resolve));
    const host = `127.0.0.1:${(storage.address() as AddressInfo).port}`;
    try {
      const { answer } = jobPartner({ filesAt: () => `http://${host}` });
      const auth = { type: 'bearer', token: 'for the partner alone' } as const;
      const partner = await partners.partner(answer, { orders: byFiles }, { auth }, 'files are elsewhere');
      await expect(partner.read('orders')).rejects.toThrow(`is on http://${host}`);
      expect(seen).toEqual([]);
      const named = { ...byFiles, job: { ...job, files: 'files.*.url', hosts: [host] } };
      const other = await partners.partner(answer, { orders: named }, { auth }, 'files are elsewhere');
      expect(await other.read('orders')).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
      expect(seen).toEqual([undefined, undefined, undefined]);
    } finally {
      storage.close();
    }
  });
});
