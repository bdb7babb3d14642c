import { afterEach, describe, expect, test } from '@jest/globals';
import { jobAnswer } from '../../../cli/chaos/generate/job-answers.ts';
import { DAY } from '../../../core/duration.ts';
import { NotReady } from '../../../core/errors.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import type { StreamInput } from '../../../definitions/definition.ts';
import type { Job } from '../../../definitions/job.ts';
import { openFiles } from '../../../http/open-files.ts';
import { textsOf } from '../../../recordings/bytes-of.ts';
import type { FaultKind } from '../../../recordings/faults.ts';
import { pseudonyms } from '../../../recordings/pseudonyms.ts';
import type { Exchange, Recording } from '../../../recordings/recording.ts';
import { startReplay, type Replay } from '../../../recordings/replay.ts';
import { randomOf } from '../../../simulator/random.ts';
import { sourceOf } from '../../../sources/source-of.ts';
import { long } from '../../support/long.ts';
import { compiled, flat, generated, nowMs, readAgain, someStream, whole } from './played-formats.ts';

const tries = (short: number, many: number): number[] => [...Array(long ? many : short).keys()];

const contentOf = ({ exchanges }: Recording): unknown =>
  exchanges.map((one) => [one.packed, textsOf(one).map((text) => text.replace(/^\uFEFF/, ''))]);

describe('an answer in whichever format', () => {
  test.each(tries(10, 2000))('is read as what was made, %i', async (seed) => {
    const stream = someStream(randomOf(seed));
    const made = await generated(stream, { seed });
    const read = await readAgain(made, stream);
    expect({ stream, records: read.records, complete: read.complete, content: contentOf(read) }).toEqual({
      stream,
      records: 12,
      complete: true,
      content: contentOf(made),
    });
  });
});

describe('requests of another run', () => {
  const schema = { ...whole, required: ['id', 'n', 'at'] };
  const incremental = { field: 'at', initial: '2025-01-01T00:00:00Z' };
  test.each<[string, Partial<StreamInput>]>([
    [
      'with a cursor in a header',
      { pagination: { type: 'token', token: 'next', as: 'X-After', in: 'header' }, records: 'data' },
    ],
    [
      'with times in a path',
      { path: '/from/{start:date}/to/{end:isoSeconds}/orders', incremental: { ...incremental }, schema },
    ],
    [
      'with both',
      {
        path: '/{start:date}/orders',
        headers: { 'X-At': '{cursor}', 'X-Since': '{start}' },
        incremental,
        schema,
        pagination: { type: 'token', token: 'next' },
        records: 'data',
      },
    ],
  ])('are answered as those of the first: %s', async (_, stream) => {
    const made = await generated(stream);
    const read = await readAgain(made, stream, undefined, nowMs + 40 * DAY);
    expect(read).toMatchObject({ records: 12, complete: true });
    // A recording of it plays as well, in yet another run.
    const again = await readAgain(read, stream, () => pseudonyms({ key: Buffer.alloc(32, 7) }), nowMs + 400 * DAY);
    expect(again).toMatchObject({ records: 12, complete: true });
    expect(again.exchanges.map(({ path, sent }) => [path, Object.keys(sent ?? {})])).toEqual(
      made.exchanges.map(({ path, sent }) => [path, Object.keys(sent ?? {})]),
    );
  });
});

const textsIn = (one: Recording): string => one.exchanges.flatMap((each) => textsOf(each)).join('');

describe('a recording', () => {
  const schema = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      email: { type: 'string', format: 'email' },
      holder: {
        type: 'object',
        properties: { phone: { type: 'string', pattern: String.raw`^\+49 \d{9}$` } },
        required: ['phone'],
      },
    },
  };

  test.each<[string, Partial<StreamInput>]>([
    ['CSV', { format: { type: 'csv', delimiter: ';', skipLines: 1 }, compression: 'gzip' }],
    ['NDJSON', { format: 'ndjson' }],
    ['XML', { format: { type: 'xml', encoding: 'utf-16le' }, records: 'feed.entry', compression: 'zip' }],
  ])('of %s has no personal data, and plays as many records', async (_, format) => {
    const stream = { schema, ...format };
    const made = await generated(stream);
    const read = await readAgain(made, stream, () => pseudonyms({ key: Buffer.alloc(32, 7) }));
    expect(textsIn(made)).toMatch(/person\d/);
    expect(textsIn(made)).toMatch(/\+49 \d{9}/);
    expect(textsIn(read)).not.toMatch(/person\d|Report/);
    for (const [phone] of textsIn(made).matchAll(/\+49 \d{9}/g)) expect(textsIn(read)).not.toContain(phone);
    expect(read).toMatchObject({ records: 12, replaced: expect.arrayContaining(['email']) });
    expect(await readAgain(read, stream)).toMatchObject({ records: 12, complete: true });
  });
});

test('a listing without records is one without an error', async () => {
  const stream: Partial<StreamInput> = { format: 'ndjson', pagination: { type: 'offset', limit: 6 } };
  await expect(generated(stream)).rejects.toThrow(/does not read the answer .*missing: empty/);
  const { exchanges } = await generated({ ...stream, records: { missing: 'empty' } });
  expect(exchanges.map(({ status, text }) => [status, text === ''])).toEqual([
    ...Array.from({ length: 4 }, () => [200, false]),
    [200, true],
  ]);
});

test('an answer that is read in parts is not recorded by halves', async () => {
  const stream: Partial<StreamInput> = { format: 'ndjson', schema: flat };
  const made = await generated(stream);
  const [first] = made.exchanges;
  const text = Array.from(
    { length: 1800 },
    (_, i) => `${JSON.stringify({ id: `k${i}`, n: i, text: 'x'.repeat(4000) })}\n`,
  ).join('');
  const large = { ...made, exchanges: [{ ...(first as Exchange), text }] };
  await expect(readAgain(large, stream)).rejects.toThrow(/read in parts, which cannot be recorded/);
});

let replay: Replay | undefined;
afterEach(() => replay?.close());

const steps = {
  create: { path: '/exports', body: { name: 'x-{key}' }, id: 'export.id' },
  poll: {
    path: '/exports/{job}',
    status: 'state',
    done: ['ready'],
    failed: ['broken'],
    expired: ['gone'],
    total: 'count',
    every: '1s',
  },
};
const exports: Partial<StreamInput> = {
  path: undefined,
  schema: flat,
  format: 'csv',
  compression: 'gzip',
  job: { ...steps, files: 'result.*.url' },
};

/** What a run does with a job, one request after the other: each with the status, and whether the job was at work. */
async function read(
  stream: CompiledStream,
  key: string,
): Promise<{ log: readonly string[]; records: readonly unknown[] }> {
  const source = sourceOf(stream);
  const log: string[] = [];
  const records: unknown[] = [];
  let position = { cursor: null as string | null, range: null, parents: [], key, resumed: false };
  for (let i = 0; i < 30; i++) {
    const { method, url, headers, body } = source.request(position);
    const answer = await fetch(url, { method, headers: { ...headers }, ...(body === undefined ? {} : { body }) });
    const bytes = Buffer.from(await answer.arrayBuffer());
    log.push(`${method} ${new URL(url).pathname.replaceAll(/chaos-[\da-f]{8}-\d+/g, 'ID')} ${answer.status}`);
    if (answer.status >= 400) {
      position = { ...position, resumed: true };
      continue;
    }
    const packed = source.packed?.(position) === true && source.compression !== undefined;
    const files = packed ? await openFiles(bytes, source.compression, 1e9) : [bytes];
    try {
      const given = {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        text: new TextDecoder().decode(bytes),
        bytes: bytes.length,
        url,
        files,
      };
      const page = source.read(given, position);
      records.push(...page.records);
      if (page.next.cursor === null) return { log, records };
      position = { ...position, cursor: page.next.cursor, resumed: false };
    } catch (error) {
      if (!(error instanceof NotReady)) throw error;
      log.push('at work');
    }
  }
  throw new Error(log.join('\n'));
}

async function played(
  stream: Partial<StreamInput>,
  at: (request: number) => FaultKind | undefined = () => undefined,
): Promise<CompiledStream> {
  const made = await generated(stream);
  replay = await startReplay([made]);
  replay.play({ at });
  return compiled(stream, replay.origin).get('orders') as CompiledStream;
}

const { failed: _failed, expired: _expired, ...stateless } = steps.poll;

const graphql = (query: string): object => ({ path: '/graphql', graphql: { query } });

describe('an export job', () => {
  test('is ordered, at work for a while, and read file by file', async () => {
    const stream = await played(exports);
    const { log, records } = await read(stream, 'one');
    expect(log).toEqual([
      'POST /exports 201',
      ...Array.from({ length: 2 }, () => ['GET /exports/ID-1 200', 'at work']).flat(),
      'GET /exports/ID-1 200',
      ...[1, 2, 3].map((file) => `GET /files/ID-1/${file} 200`),
    ]);
    expect(records).toHaveLength(12);
    // The same key is the same job, another one another.
    await read(stream, 'one');
    await read(stream, 'two');
    expect(replay?.arrivals().filter(({ isOrder }) => isOrder)).toHaveLength(2);
    expect(replay?.arrivals().filter(({ unknown }) => unknown)).toEqual([]);
  });

  test('has its result in pages, is known by its address, and tells how far it is by its status', async () => {
    const stream = await played({
      ...exports,
      path: '/results',
      query: { of: '{job}' },
      compression: 'none',
      pagination: { type: 'token', from: 'header', token: 'X-Next', as: 'after' },
      job: { create: { path: '/exports', id: { header: 'Location' } }, poll: { every: '1s' } },
    });
    const { log, records } = await read(stream, 'one');
    expect(log).toEqual([
      'POST /exports 201',
      ...Array.from({ length: 2 }, () => ['GET /jobs/ID-1 202', 'at work']).flat(),
      'GET /jobs/ID-1 200',
      ...Array.from({ length: 4 }, () => 'GET /results 200'),
    ]);
    expect(records).toHaveLength(12);
  });

  test('is looked for before it is ordered', async () => {
    const find = { path: '/exports', query: { name: 'x-{key}' }, id: 'exports.0.id' };
    const stream = await played({ ...exports, job: { ...steps, find, files: 'result.*.url' } });
    expect((await read(stream, 'one')).log.slice(0, 3)).toEqual([
      'GET /exports 200',
      'POST /exports 201',
      'GET /exports/ID-1 200',
    ]);
    expect((await read(stream, 'one')).log.slice(0, 2)).toEqual(['GET /exports 200', 'GET /exports/ID-1 200']);
  });

  test('that is refused is not ordered, and one whose answer is lost is', async () => {
    const stream = await played(exports, (request) => (['throttle', 'garbage'] as const)[request]);
    const order = sourceOf(stream).request({ cursor: null, range: null, parents: [], key: 'one' });
    const send = (): Promise<Response> =>
      fetch(order.url, { method: 'POST', headers: order.headers, body: order.body ?? '' });
    expect((await send()).status).toBe(429);
    expect((await send()).status).toBe(201);
    expect(await (await send()).json()).toMatchObject({ export: { id: expect.stringMatching(/-1$/) } });
    expect(replay?.arrivals().map(({ isOrder }) => isOrder)).toEqual([false, true, false]);
  });

  test.each<[string, FaultKind, number, RegExp | number]>([
    ['fails', 'failed', 2, /is broken/],
    ['expires', 'expired', 2, /is gone/],
    ['gives a file a new address', 'expired', 4, 12],
  ])('%s', async (_, kind, at, expected) => {
    const stream = await played(exports, (request) => (request === at ? kind : undefined));
    const seen = await read(stream, 'one').then(
      ({ records }) => records.length,
      (error: Error) => error.message,
    );
    expect(String(seen)).toMatch(expected instanceof RegExp ? expected : String(expected));
    expect(replay?.arrivals()[at]?.fault).toBe(kind);
    // Another order has what the first one had not.
    expect((await read(stream, 'two')).records).toHaveLength(12);
  });

  test('has no place for mistakes in records, and those that it has no state for', async () => {
    const stream = await played(
      { ...exports, job: { ...steps, poll: stateless, files: 'url' } },
      (request) => (['doubled', 'failed', 'again'] as const)[request],
    );
    expect((await read(stream, 'one')).records).toHaveLength(12);
    expect(replay?.arrivals().flatMap(({ fault }) => fault ?? [])).toEqual([]);
  });

  test.each<[string, object]>([
    ['url', { state: 'ready', count: 0, url: null }],
    ['result.*.url', { state: 'ready', count: 0, result: [] }],
  ])('without records has no file at %s', (files, expected) => {
    const { definition } = compiled({ ...exports, job: { ...steps, files } }).get('orders') as CompiledStream;
    const none = { token: 'token', origin: 'http://partner.invalid', files: 0, total: 0, hasKey: true };
    expect(JSON.parse(jobAnswer(definition.job as Job, 'poll', none).text)).toEqual(expected);
  });

  test('whose requests say times where they are told apart is not generated', async () => {
    const job = {
      create: { ...graphql('mutation { export(since: {start|graphql}) { id } }'), id: 'data.export.id' },
      poll: { ...graphql('{ job(id: {job|graphql}) { url } }'), status: 'data.job.status', done: ['DONE'] },
      files: 'data.job.url',
    };
    const incremental = { field: 'at', initial: '2026-01-01T00:00:00Z' };
    await expect(generated({ ...exports, incremental, job } as Partial<StreamInput>)).rejects.toThrow(
      /cannot be told apart/,
    );
    const { exchanges } = await generated({
      ...exports,
      job: { ...job, create: { ...graphql('mutation { export { id } }'), id: 'data.export.id' } },
    } as Partial<StreamInput>);
    expect(exchanges).toHaveLength(3);
  });
});
