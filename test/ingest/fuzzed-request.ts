import { gzipSync } from 'node:zlib';

/** A request as it is put on the wire. */
export interface Fuzzed {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Random = () => number;

/** A request that a careless, broken or malicious client could send; a pure function of `random`, in [0, 1). */
export function fuzzedRequest(random: Random): Fuzzed {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const often = random() < 0.9;
  const packed = random() < 0.1;
  const body = mangled(random, pick([oneRecord, oneRecord, records, records, lines, odd])(random));
  const coding = packed ? 'gzip' : pick([...many(''), 'identity', 'gzip', 'br', 'gzip, gzip']);
  const method = often ? 'POST' : pick(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY', 'POST']);
  return {
    method,
    path: `${pathOf(random)}${pick(['', '', '', '?atomic=true', '?atomic=', '?atomic=1&atomic=2', '?wait=0', '?%', `?${text(random)}`].map(encoded))}`,
    headers: {
      authorization: pick([...many('Bearer caller'), 'Bearer stranger', 'Basic x', '']),
      'content-type': pick([
        ...many('application/json'),
        ...many('application/x-ndjson'),
        'application/json; charset=utf-8',
        'application/json; charset=latin1',
        'application/vnd.api+json',
        'text/plain',
        ';',
        '',
      ]),
      ...(random() < 0.5
        ? {}
        : {
            'idempotency-key': pick([
              `0123456789abcdef-${Math.floor(random() * 50)}`,
              `"0123456789abcdef-${Math.floor(random() * 50)}"`,
              ...many(`key-${random()}-${random()}`),
              'short',
              '""',
              '"',
              'a, b',
              latin(random),
            ]),
          }),
      ...(coding === '' ? {} : { 'content-encoding': coding }),
      ...(random() < 0.1
        ? { [pick(['prefer', 'if-none-match', 'x-forwarded-for', 'forwarded', 'cookie'])]: latin(random) }
        : {}),
    },
    body: packed ? mangled(random, gzipSync(body, { level: 1 })) : body,
  };
}

/** So that most requests get past the door. */
const many = (value: string): readonly string[] => Array.from({ length: 16 }, () => value);

const streams = ['orders', 'entries', 'needing', 'nested'];

function pathOf(random: Random): string {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  if (random() < 0.8) return `/v1/acme/${pick(streams)}`;
  return pick([
    '/v1/acme/pulled',
    '/v1/ingest/11111111-1111-4111-8111-111111111111',
    '/v1/ingest/none',
    '/openapi.json',
    '/docs',
    `/problems/${encoded(text(random))}`,
    `/v1/${encoded(text(random))}/${encoded(text(random))}`,
    `/v1/acme/${'x'.repeat(Math.floor(random() * 400))}`,
    '/v1/acme/orders/',
    '//v1//acme//orders',
    '/v1/acme/%zz',
    '/v1/acme/%ff%fe',
    '/v1/acme/../acme/orders',
    '/v1/constructor/__proto__',
    '/problems/toString',
    '/',
  ]);
}

const encoded = (value: string): string =>
  value.replaceAll(/[^\w?&=%./-]/g, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );

const alphabet = [
  'a',
  'Z',
  '0',
  ' ',
  '"',
  '\\',
  '{',
  ']',
  ',',
  '\n',
  '\u0000',
  'é',
  '𐍈',
  '\ud800',
  '\u2028',
  '%',
  '/',
  '..',
];
const text = (random: Random, most = 8): string =>
  Array.from({ length: Math.floor(random() * most) }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
/** What a header may hold. */
const latin = (random: Random): string =>
  Array.from({ length: Math.floor(random() * 60) }, () => String.fromCharCode(32 + Math.floor(random() * 95)))
    .join('')
    .trim();

function value(random: Random, depth = 0): unknown {
  const kind = Math.floor(random() * (depth > 3 ? 6 : 8));
  if (kind === 0) return text(random);
  if (kind === 1) return Math.floor(random() * 1e6);
  if (kind === 2) return random() * 1e300;
  if (kind === 3) return random() < 0.5;
  if (kind === 4) return null;
  if (kind === 5) return '2026-02-30T25:00:00Z';
  if (kind === 6) return Array.from({ length: Math.floor(random() * 4) }, () => value(random, depth + 1));
  return Object.fromEntries(
    Array.from({ length: Math.floor(random() * 4) }, () => [field(random), value(random, depth + 1)]),
  );
}

const names = [
  'id',
  'v',
  'text',
  '_extra',
  '_deleted_at',
  '__proto__',
  'constructor',
  'toJSON',
  '',
  'length',
  'id',
  'v',
];
const field = (random: Random): string =>
  random() < 0.7 ? (names[Math.floor(random() * names.length)] as string) : text(random);

/** Mostly one that fits. */
function recordText(random: Random): string {
  const extra = random() < 0.5 ? `,${JSON.stringify(field(random))}:${JSON.stringify(value(random))}` : '';
  const id = random() < 0.9 ? JSON.stringify(`k${Math.floor(random() * 500)}`) : JSON.stringify(value(random));
  const v = random() < 0.9 ? String(Math.floor(random() * 100)) : (JSON.stringify(value(random)) ?? '1');
  return `{"id":${id},"v":${v},"text":${random() < 0.8 ? `"k${Math.floor(random() * 500)}"` : JSON.stringify(value(random))}${extra}}`;
}
const several = (random: Random): string[] =>
  Array.from({ length: Math.floor(random() * 6) }, () => recordText(random));
const oneRecord = (random: Random): Buffer => Buffer.from(recordText(random));
const records = (random: Random): Buffer => Buffer.from(`[${several(random).join(',')}]`);
const lines = (random: Random): Buffer => Buffer.from(several(random).join(random() < 0.2 ? '\r\n\r\n' : '\n'));

/** What is no record, or not what it seems. */
function odd(random: Random): Buffer {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  return Buffer.from(
    pick([
      '',
      ' ',
      'null',
      '[null]',
      '[[]]',
      '{}',
      '0',
      '"text"',
      '\ufeff{"id":"a","v":1}',
      '{"id":"a","id":"b","v":1}',
      '{"id":"a","v":1e400}',
      '{"id":"a","v":-0}',
      '{"id":"a","v":123456789012345678901234567890}',
      '{"id":"a","v":1,"text":"\\ud800"}',
      '{"id":"\\u0000","v":1}',
      '{"__proto__":{"id":"a"},"id":"b","v":1}',
      '{"id":"a","v":1}{"id":"b","v":1}',
      `{"id":"a","v":1,"text":${'['.repeat(100)}${']'.repeat(100)}}`,
      '['.repeat(Math.floor(random() * 100_000)),
      `{"id":"${'x'.repeat(Math.floor(random() * 20_000))}","v":1}`,
      `{${Array.from({ length: Math.floor(random() * 500) }, (_, i) => `"f${i}":${i}`).join(',')}}`,
      JSON.stringify(value(random)) ?? '',
    ]),
  );
}

/** One in three has bytes that are changed, left out, or cut off. */
function mangled(random: Random, body: Buffer): Buffer {
  if (random() > 0.33 || body.length === 0) return body;
  const at = Math.floor(random() * body.length);
  const how = Math.floor(random() * 4);
  if (how === 0) return body.subarray(0, at);
  if (how === 1) return Buffer.concat([body.subarray(0, at), body.subarray(at + 1)]);
  if (how === 2)
    return Buffer.concat([body.subarray(0, at), Buffer.from([Math.floor(random() * 256)]), body.subarray(at)]);
  const changed = Buffer.from(body);
  changed[at] = Math.floor(random() * 256);
  return changed;
}
