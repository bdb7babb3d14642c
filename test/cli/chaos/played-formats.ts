import { openRecorder } from '../../../activities/check/record-stream.ts';
import { checkPermits } from '../../../cli/check-permits.ts';
import { generate } from '../../../cli/chaos/generate/generate.ts';
import { checkPartner } from '../../../definitions/check.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { compilePartner } from '../../../definitions/compile.ts';
import { partner as shape, type StreamInput } from '../../../definitions/definition.ts';
import { createMemoryTokenStore } from '../../../http/token-store.ts';
import { plainNames } from '../../../messages/names.ts';
import type { Pseudonyms } from '../../../recordings/pseudonyms.ts';
import type { Recording } from '../../../recordings/recording.ts';
import { startReplay } from '../../../recordings/replay.ts';
import { pick } from '../../../simulator/random.ts';

export const nowMs = Date.parse('2026-11-30T00:00:00Z');

export function compiled(
  stream: Partial<StreamInput>,
  baseUrl = 'http://partner.invalid',
): ReadonlyMap<string, CompiledStream> {
  const of: StreamInput = { path: '/orders', primaryKey: ['id'], schema: whole, ...stream };
  const partner = shape.parse({ name: 'acme', baseUrl, retry: { base: '1ms' }, streams: { orders: of } });
  const problems = checkPartner(partner);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return compilePartner(partner, plainNames);
}

export async function generated(stream: Partial<StreamInput>, { records = 12, seed = 1 } = {}): Promise<Recording> {
  const { recordings, leftOut } = await generate(compiled(stream), { records, seed, nowMs });
  const [one] = recordings;
  if (one === undefined) throw new Error(leftOut.map(({ reason }) => reason).join());
  return one;
}

/** Plays a recording over HTTP, and reads it as a run does. */
export async function readAgain(
  recording: Recording,
  stream: Partial<StreamInput>,
  pseudonyms?: () => Pseudonyms,
  atMs = nowMs,
): Promise<Recording> {
  const replay = await startReplay([recording]);
  const permits = checkPermits(undefined, { noted: undefined, close: async () => {} });
  try {
    const streams = compiled(stream, replay.origin);
    const record = openRecorder(
      { streams, nowMs: atMs, permits: permits.of, tokens: () => createMemoryTokenStore() },
      { most: 100, pseudonyms },
    );
    return await record(streams.get('orders') as CompiledStream);
  } finally {
    await permits.close();
    await replay.close();
  }
}

const plain = {
  id: { type: 'string' },
  n: { type: 'integer' },
  amount: { type: 'number' },
  paid: { type: 'boolean' },
  at: { type: 'string', format: 'date-time' },
  text: { type: 'string' },
};
export const flat = { type: 'object', required: ['id', 'n'], properties: plain };
export const whole = {
  type: 'object',
  required: ['id', 'n'],
  properties: {
    ...plain,
    note: { type: ['string', 'null'] },
    tags: { type: 'array', items: { type: 'string' } },
    inner: { type: 'object', required: ['a'], properties: { a: { type: 'integer' }, b: { type: 'string' } } },
  },
};

/** A stream with one of the many ways to write answers. */
export function someStream(random: () => number): Partial<StreamInput> {
  const compression = pick(random, [
    'none',
    'none',
    'gzip',
    'zip',
    { type: 'zip' as const, files: 'orders-*.txt' },
    'auto',
  ] as const);
  const pagination = pick(random, [
    { type: 'none' },
    { type: 'link' },
    { type: 'token', from: 'header', token: 'X-Next', as: 'after' },
    { type: 'offset', limit: 5, limitAs: 'limit', stopOnShort: true },
  ] as const satisfies readonly StreamInput['pagination'][]);
  return { compression, pagination, ...pick(random, [asJson, asNdjson, asCsv, asCsv, asXml])(random) };
}

const charsets = [undefined, undefined, 'latin1', 'windows-1252', 'utf-16le', 'utf-16be', 'shift_jis'];
const encoded = (random: () => number): object => {
  const encoding = pick(random, charsets);
  return encoding === undefined ? {} : { encoding };
};

const asJson = (random: () => number): Partial<StreamInput> => ({ format: { type: 'json', ...encoded(random) } });
const asNdjson = (random: () => number): Partial<StreamInput> => ({
  format: { type: 'ndjson', ...encoded(random) },
  ...(random() < 1 / 3 ? { records: '*.data.order' } : {}),
});
export function asCsv(random: () => number): Partial<StreamInput> {
  const quote = pick(random, ['"', '"', "'", false] as const);
  const schema = quote === false ? flat : whole;
  return {
    schema,
    format: {
      type: 'csv',
      quote,
      delimiter: pick(random, [',', ';', '\t', '||']),
      ...(quote !== false && random() < 1 / 3 ? { escape: '\\' } : {}),
      // Generated keys begin with a k, and without quotes such a row would be a comment.
      ...(random() < 1 / 4 ? { comment: quote === false ? '#' : 'k' } : {}),
      skipLines: Math.floor(random() * 3),
      ...(random() < 1 / 4 ? { columns: Object.keys(schema.properties).toReversed() } : {}),
      nulls: pick(random, [[], [''], ['NULL', '']]),
      ...encoded(random),
    },
  };
}
export const asXml = (random: () => number): Partial<StreamInput> => ({
  records: pick(random, ['feed.entry', 'envelope.body.rows.row']),
  format: {
    type: 'xml',
    nulls: pick(random, [[], [''], ['NULL']]),
    arrays: pick(random, [[], ['feed.entry.tags']]),
    attributes: pick(random, ['@', '_']),
    ...encoded(random),
  },
});
