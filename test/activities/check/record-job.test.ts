import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openRecorder } from '../../../activities/check/record-stream.ts';
import { checkPermits } from '../../../cli/check-permits.ts';
import { compilePartner } from '../../../definitions/compile.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { partner as shape, type StreamInput } from '../../../definitions/definition.ts';
import { createMemoryTokenStore } from '../../../http/token-store.ts';
import { plainNames } from '../../../messages/names.ts';
import { pseudonyms } from '../../../recordings/pseudonyms.ts';
import type { Recording } from '../../../recordings/recording.ts';
import { startReplay } from '../../../recordings/replay.ts';
import { zipFile } from '../../../recordings/zip-file.ts';
import { serve, type LocalServer } from '../../http/support/local-server.ts';

const servers: LocalServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
async function started(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = await serve(answer);
  servers.push(server);
  return server.url;
}

const fields = { id: { type: 'string' }, email: { type: 'string' }, n: { type: 'string' } };
const usual: Partial<StreamInput> = {
  primaryKey: ['id'],
  schema: { type: 'object', properties: fields },
};

/** Reads a stream of the partner at this address. */
async function recordedFrom(
  url: string,
  of: Partial<StreamInput>,
  { most = 50, asIs = false } = {},
): Promise<Recording> {
  const permits = checkPermits(undefined, { noted: undefined, close: async () => {} });
  try {
    const streams = compilePartner(
      shape.parse({
        name: 'acme',
        baseUrl: `${url}/v1`,
        retry: { base: '1ms' },
        streams: { exports: { ...usual, ...of } as StreamInput },
      }),
      plainNames,
    );
    const key = Buffer.alloc(32, 7);
    const record = openRecorder(
      {
        streams,
        nowMs: Date.parse('2026-11-30T00:00:00Z'),
        permits: permits.of,
        tokens: () => createMemoryTokenStore(),
      },
      { most, pseudonyms: asIs ? undefined : (asked) => pseudonyms({ key, asked }) },
    );
    return await record(streams.get('exports') as CompiledStream);
  } finally {
    await permits.close();
  }
}

/** From one that plays the recording. */
async function playedAgain(
  recording: Recording,
  of: Partial<StreamInput>,
): Promise<{ again: Recording; log: string[] }> {
  const replay = await startReplay([recording]);
  try {
    const again = await recordedFrom(replay.origin, of, { asIs: true });
    const unknown = replay.arrivals().filter((each) => each.unknown);
    expect(unknown).toEqual([]);
    return { again, log: replay.arrivals().map(({ request }) => request.replaceAll(/chaos-[\da-f]+-\d+-\d+/g, 'ID')) };
  } finally {
    await replay.close();
  }
}

const rows = (part: number): { id: string; email: string; n: string }[] =>
  [1, 2].map((i) => ({ id: `r${part}-${i}`, email: `canary${part}${i}@example.com`, n: String(part * 10 + i) }));

const ways: Readonly<Record<string, { readonly of: Partial<StreamInput>; readonly file: (part: number) => Buffer }>> = {
  'CSV in .gz': {
    of: { format: 'csv', compression: 'gzip' },
    file: (part) =>
      gzipSync(
        `id,email,n\n${rows(part)
          .map(({ id, email, n }) => `${id},${email},${n}\n`)
          .join('')}`,
      ),
  },
  'NDJSON in .zip': {
    of: { format: 'ndjson', compression: 'zip' },
    file: (part) =>
      zipFile([
        {
          name: 'a.json',
          data: rows(part)
            .map((row) => JSON.stringify(row))
            .join('\n'),
        },
      ]),
  },
  XML: {
    of: { format: 'xml', records: 'r.row' },
    file: (part) =>
      Buffer.from(
        `<r>${rows(part)
          .map(({ id, email, n }) => `<row><id>${id}</id><email>${email}</email><n>${n}</n></row>`)
          .join('')}</r>`,
      ),
  },
};

const ID = 'job-canary-4711';
const poll = {
  path: 'exports/{job}',
  status: 'message',
  done: ['ready'],
  failed: ['broken'],
  expired: ['gone'],
  total: 'count',
  wait: 'seconds',
  every: '5ms',
};

/** A partner whose files are on another host, at addresses that are signed. */
async function partner(file: (part: number) => Buffer, { refused = 0, files = 3, knows = true } = {}) {
  let left = refused;
  let signed = 0;
  let isOrdered = false;
  let polls = 0;
  const asked: string[] = [];
  const store = await started((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    if (left > 0) {
      left -= 1;
      response.writeHead(403).end('expired');
    } else if (url.searchParams.get('X-Amz-Signature') !== `canary-${signed}`) response.writeHead(403).end();
    else response.end(file(Number(url.pathname.slice(1))));
  });
  const url = await started((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://x');
    asked.push(`${request.method} ${pathname}`);
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' });
      response.end(JSON.stringify(body));
    };
    if (request.method === 'DELETE') return void response.writeHead(204).end();
    if (request.method === 'POST') {
      isOrdered = true;
      return json(201, { export: { id: ID, by: 'canary@example.com' } });
    }
    if (pathname === '/v1/exports')
      return json(200, { exports: knows && isOrdered && search.includes('record-') ? [{ id: ID }] : [] });
    polls += 1;
    if (polls < 3)
      return void response.end(`{"id":"${ID}","message":"busy","seconds":0.02,"big":12345678901234567890}`);
    signed += 1;
    return json(200, {
      id: ID,
      message: 'ready',
      count: files * 2,
      log: `see ${store}/log?sig=canary of ${ID}`,
      files: Array.from({ length: files }, (_, i) => ({ url: `${store}/${i + 1}?X-Amz-Signature=canary-${signed}` })),
    });
  });
  return { url, asked, hosts: [new URL(store).host] };
}

const ordered = (hosts: readonly string[]): Partial<StreamInput> => ({
  job: {
    create: { path: 'exports', body: { name: 'x-{key}', of: 'rows' }, id: 'export.id' },
    find: { path: 'exports', query: { name: 'x-{key}' }, id: 'exports.0.id' },
    poll,
    files: 'files.*.url',
    hosts: [...hosts],
    cancel: { path: 'exports/{job}' },
  },
});

describe('an export job is recorded', () => {
  test.each(Object.entries(ways))('as files of %s, and played', async (_, { of, file }) => {
    const { url, hosts } = await partner(file);
    const stream = { ...of, ...ordered(hosts) };
    const recording = await recordedFrom(url, stream);
    expect(recording).toMatchObject({ complete: true, records: 6 });
    expect(recording.exchanges.map(({ job }) => job?.step)).toEqual([
      ...['find', 'create', 'poll', 'cancel'],
      ...['result', 'result', 'result'],
    ]);
    const text = JSON.stringify(recording);
    for (const canary of ['canary', '4711', 'Amz', 'sig=', hosts[0] as string, 'record-', new URL(url).host])
      expect({ canary, isThere: text.includes(canary) }).toEqual({ canary, isThere: false });
    const { again, log } = await playedAgain(recording, stream);
    expect(again).toMatchObject({ complete: true, records: 6 });
    expect(log).toEqual([
      'GET /v1/exports?name',
      'POST /v1/exports',
      'GET /v1/exports?name',
      ...Array.from({ length: 3 }, () => 'GET /v1/exports/ID'),
      ...[1, 2, 3].map((part) => `GET /files/ID/${part}`),
    ]);
  });

  test('as pages that go on by a header, with an address for an id and no state', async () => {
    let polls = 0;
    const own = await started((request, response) => {
      const { pathname, searchParams, search } = new URL(request.url ?? '/', 'http://x');
      const page = Number(searchParams.get('at') ?? 1);
      if (request.method === 'POST') response.writeHead(202, { location: '/v1/queue/7?sig=canary' }).end();
      else if (pathname === '/v1/queue/7') response.writeHead(polls++ < 1 ? 202 : 200, { 'retry-after': '0' }).end();
      else if (search.includes('of=')) {
        response.setHeader('x-onward', page < 3 ? String(page + 1) : 'null');
        response.end(JSON.stringify(rows(page)));
      } else response.writeHead(404).end();
    });
    const stream: Partial<StreamInput> = {
      path: 'results',
      query: { of: '{job}' },
      pagination: { type: 'token', from: 'header', token: 'X-Onward', as: 'at', none: 'null' },
      job: { create: { path: 'queue', id: { header: 'Location' } }, poll: { every: '5ms' } },
    };
    const recording = await recordedFrom(own, stream);
    expect(recording).toMatchObject({ complete: true, records: 6 });
    expect(JSON.stringify(recording)).not.toContain('canary');
    const { again, log } = await playedAgain(recording, stream);
    expect(again).toMatchObject({ complete: true, records: 6 });
    expect(log).toEqual([
      'POST /v1/queue',
      ...Array.from({ length: 3 }, () => 'GET /jobs/ID'),
      ...['GET /v1/results?of', 'GET /v1/results?of&at', 'GET /v1/results?of&at'],
    ]);
  });

  test('also where addresses are refused for their age', async () => {
    const { of, file } = ways['XML'] as (typeof ways)[string];
    const { url, hosts } = await partner(file, { refused: 2 });
    const recording = await recordedFrom(url, { ...of, ...ordered(hosts) });
    expect(recording).toMatchObject({ complete: true, records: 6 });
    expect(recording.exchanges.filter(({ job }) => job?.step === 'poll')).toHaveLength(1);
  });

  test('with states of its own that did not come', async () => {
    const { of, file } = ways['XML'] as (typeof ways)[string];
    const { url, hosts } = await partner(file);
    const { exchanges } = await recordedFrom(url, { ...of, ...ordered(hosts) });
    const step = exchanges.map(({ job }) => job).find((job) => job?.step === 'poll');
    if (step?.step !== 'poll') throw new Error('none');
    const { running, failed = '', expired = '' } = step;
    expect(JSON.parse(running.text)).toMatchObject({
      message: 'busy',
      seconds: 0,
      id: expect.stringMatching(/^chaos-/),
    });
    expect(running.text).toContain('12345678901234567890');
    expect([failed, expired].map((text) => (JSON.parse(text) as { message: string }).message)).toEqual([
      'broken',
      'gone',
    ]);
  });
});

describe('an export job is ended', () => {
  test('that is not read within so many requests', async () => {
    const { of, file } = ways['XML'] as (typeof ways)[string];
    const { url, asked, hosts } = await partner(file);
    const recording = await recordedFrom(url, { ...of, ...ordered(hosts) }, { most: 4 });
    expect(recording).toMatchObject({ complete: false, records: 2 });
    expect((await recordedFrom(url, { ...of, ...ordered(hosts) }, { most: 3 })).exchanges).toEqual([]);
    expect(asked.filter((each) => each.startsWith('POST'))).toHaveLength(1);
  });

  test('whose answers cannot be read', async () => {
    const { of, file } = ways['XML'] as (typeof ways)[string];
    const { url, asked, hosts } = await partner(file);
    const stream = { ...of, ...ordered(hosts) };
    const job = { ...stream.job, poll: { ...poll, status: 'nowhere' } } as StreamInput['job'];
    await expect(recordedFrom(url, { ...stream, job })).rejects.toThrow(/has no state at nowhere/);
    expect(asked.at(-1)).toBe(`DELETE /v1/exports/${ID}`);
  });
});
