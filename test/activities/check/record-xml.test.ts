import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openRecorder } from '../../../activities/check/record-stream.ts';
import { checkPermits } from '../../../cli/check-permits.ts';
import { compilePartner } from '../../../definitions/compile.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { partner as shape, type StreamInput } from '../../../definitions/definition.ts';
import { createMemoryTokenStore } from '../../../http/token-store.ts';
import { plainNames } from '../../../messages/names.ts';
import { writeRecording } from '../../../recordings/files.ts';
import { pseudonyms, type PseudonymOptions } from '../../../recordings/pseudonyms.ts';
import type { Recording } from '../../../recordings/recording.ts';
import { startReplay } from '../../../recordings/replay.ts';
import { serve } from '../../http/support/local-server.ts';

const TOKEN = 'k&y<of>"acme"-7781';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'syncline-record-xml-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const stream: StreamInput = {
  path: '/orders',
  format: 'xml',
  records: 'feed.entry',
  primaryKey: ['id'],
  schema: { type: 'object', properties: { id: { type: 'string' } } },
};

interface Sent {
  readonly body: Buffer;
  readonly type?: string;
}

/** What is in the file of the recording, and what is played from it. */
async function recorded(
  { body, type = 'application/xml' }: Sent,
  {
    of = {},
    replace = {},
    token = TOKEN,
  }: {
    readonly token?: string;
    readonly of?: Partial<StreamInput>;
    readonly replace?: Partial<PseudonymOptions> | undefined;
  } = {},
  asIs = false,
): Promise<{ readonly file: string; readonly kept: Recording; readonly played: Buffer; readonly type: string | null }> {
  const server = await serve((_request, response) => {
    response.setHeader('content-type', type);
    response.end(body);
  });
  const permits = checkPermits(undefined, { noted: undefined, close: async () => {} });
  try {
    const partner = shape.parse({
      name: 'acme',
      baseUrl: server.url,
      auth: { type: 'bearer', token },
      retry: { base: '1ms' },
      streams: { orders: { ...stream, ...of } },
    });
    const streams = compilePartner(partner, plainNames);
    const key = Buffer.alloc(32, 7);
    const record = openRecorder(
      { streams, nowMs: 0, permits: permits.of, tokens: () => createMemoryTokenStore() },
      { most: 10, pseudonyms: asIs ? undefined : () => pseudonyms({ key, ...replace }) },
    );
    const kept = await record(streams.get('orders') as CompiledStream);
    const file = await readFile(await writeRecording(dir, kept), 'utf8');
    const replay = await startReplay([kept]);
    const answer = await fetch(`${replay.origin}/orders`);
    const played = Buffer.from(await answer.arrayBuffer());
    await replay.close();
    return { file, kept, played, type: answer.headers.get('content-type') };
  } finally {
    await permits.close();
    await server.close();
  }
}

const text = (content: string): Sent => ({ body: Buffer.from(content) });
const escaped = TOKEN.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&#34;');

describe('in no file of a recording of XML is', () => {
  const canaries = ['CANARY', '0199', '7781'];
  test.each<[string, string]>([
    ['what a field is called by', '<id>1</id><last-name>Canary</last-name><c:Email xmlns:c="urn:c">Canary</c:Email>'],
    ['an attribute', '<id>1</id><person firstName="Canary" id="p1"/><x email=\'Canary "C" &amp; Canary\'/>'],
    ['what stands within', '<id>1</id><address kind="CANARY"><line><part>Canary 1</part></line>Canary</address>'],
    ['what looks like it', '<id>1</id><to> canary@Canary.example\n</to><call>+1 (555) 0199 7781</call>'],
    ['letters by their numbers', '<id>1</id><to>&#67;anary&#x40;example.com</to><name>C&#97;nary &lt;Canary</name>'],
    ['CDATA', '<id>1</id><note><![CDATA[<b>Canary</b>]]></note><to><![CDATA[a@Canary.example]]></to>'],
    ['pieces', '<id>1</id><to>Canary<!-- a -->@ex<![CDATA[ample.com]]></to><name>Can<i/>ary<i>Canary</i></name>'],
    ['a comment', '<id>1</id><!-- ask Canary --><?php Canary ?>'],
    ['a document in a text', '<id>1</id><xml>&lt;c&gt;&lt;name&gt;Canary&lt;/name&gt;&lt;/c&gt;</xml>'],
    ['a document in CDATA', '<id>1</id><xml><![CDATA[<?xml version="1.0"?><c><name>Canary</name></c>]]></xml>'],
    ['JSON in a text', '<id>1</id><json>{"name":"Canary","n":12345678901234567890}</json>'],
    [
      'what such fields hold as a document',
      '<id>1</id><note>&lt;p&gt;Canary&lt;/p&gt;</note><notes>["Canary"]</notes>',
    ],
    ['a field called a secret', '<id>1</id><c:api-key xmlns:c="urn:c">Canary7781</c:api-key><x password="Canary"/>'],
    ['the token', `<id>1</id><said>Bearer ${escaped}</said><x said="${escaped}"/><y><![CDATA[${TOKEN}]]></y>`],
  ])('%s', async (_what, entry) => {
    const sent = `<?xml version="1.0"?>\n<feed xmlns:i="urn:i">\n<entry i:kind="order">${entry}</entry></feed>`;
    const { file, kept, played } = await recorded(text(sent));
    expect(canaries.filter((canary) => file.includes(canary))).toEqual([]);
    expect(file.toLowerCase()).not.toMatch(/anary|k&(amp;)?y/);
    expect(played.toString()).toContain('<entry i:kind="order"><id>1</id>');
    expect(kept).toMatchObject({ complete: true, records: 1 });
  });

  test('a header above, or a comment below', async () => {
    const { played } = await recorded(
      text('<?xml-stylesheet href="canary.xsl"?><!--Canary--><feed><entry><id>1</id></entry></feed><!--Canary-->'),
    );
    expect(played.toString()).not.toMatch(/canary/i);
  });

  test('with --as-is a secret, however it is written', async () => {
    const sent = `<feed><entry><id>1</id><name>Ada</name><x said="${escaped}">${escaped}</x></entry></feed>`;
    const { file } = await recorded(text(sent), {}, true);
    expect(file).not.toMatch(/k&(amp;)?y|7781/);
    expect(file).toContain('<name>Ada</name>');
  });
});

const entry = (more = ''): string =>
  `<entry  id='1'><id>1</id>\r\n\t<é>Zo&#235; &amp; "東"</é><![CDATA[<b>&amp;</b>]]><empty/><gone></gone>${more}</entry>`;

const document = (declared = '', more = ''): string => `${declared}<feed xmlns='urn:f'>\r\n${entry(more)}</feed>\n`;

describe('all else stays', () => {
  const latin = document(`<?xml version="1.0" encoding="ISO-8859-1"?>\n`).replace('東', 'ß');

  test.each<[string, Sent, Partial<StreamInput>?]>([
    ['UTF-8', { body: Buffer.from(document('<?xml version="1.0" encoding="UTF-8"?>')) }],
    ['UTF-8 with a mark', { body: Buffer.from(`\uFEFF${document()}`) }],
    ['UTF-16', { body: Buffer.from(`\uFEFF${document('<?xml version="1.0" encoding="UTF-16"?>')}`, 'utf16le') }],
    ['UTF-16 the other way', { body: Buffer.from(`\uFEFF${document()}`, 'utf16le').swap16() }],
    ['what it says', { body: Buffer.from(latin, 'latin1') }],
    ['what the header says', { body: Buffer.from(latin, 'latin1'), type: 'text/xml; charset="iso-8859-1"' }],
    [
      'what the definition says',
      { body: Buffer.from(latin, 'latin1') },
      { format: { type: 'xml', encoding: 'latin1' } },
    ],
    [
      'Shift_JIS',
      {
        body: Buffer.from(
          '<?xml version="1.0" encoding="Shift_JIS"?><feed><entry><id>\x93\x8c</id></entry></feed>',
          'latin1',
        ),
      },
    ],
  ])('byte for byte, in %s', async (_what, sent, of = {}) => {
    const { played, type, kept } = await recorded(sent, { of });
    expect(played).toEqual(sent.body);
    expect(type).toBe(sent.type ?? 'application/xml');
    expect(kept.replaced).toEqual([]);
  });

  test('also beside what is replaced, and in a file', async () => {
    const more = '<name>&#65;da</name>';
    const sent = Buffer.from(
      document('<?xml version="1.0" encoding="ISO-8859-1"?>', more).replace('東', 'ß'),
      'latin1',
    );
    const { kept, file } = await recorded({ body: gzipSync(sent) }, { of: { compression: 'gzip' } });
    const [played = ''] = kept.exchanges[0]?.files ?? [];
    expect(played.replace(/<name>[A-Z][a-z]{2}<\/name>/, more)).toBe(sent.toString('latin1'));
    expect(kept).toMatchObject({ replaced: ['name'], written: { format: { encoding: 'ISO-8859-1' } } });
    expect(file).not.toContain('&#65;da');
  });

  test('with ids that fit, states, times, nothing and truth', async () => {
    const entries =
      '<entry><id>1</id><state>paid</state><at>2026-01-01</at><name> </name><note/><email>NULL</email><vip><name>true</name></vip><by>a@b.example</by></entry><entry><id>2</id><by>a@b.example</by></entry>';
    const { played } = await recorded(text(`<feed>${entries}</feed>`), {
      of: { format: { type: 'xml', nulls: ['NULL'] } },
    });
    const said = [...played.toString().matchAll(/<by>(.*?)<\/by>/g)].map(([, by]) => by);
    expect(said).toEqual([said[0], said[0]]);
    expect(said[0]).toMatch(/^[a-z]@mail\.example$/);
    expect(played.toString()).toBe(`<feed>${entries.replaceAll('a@b.example', said[0] as string)}</feed>`);
  });

  test.each<[Partial<PseudonymOptions>, RegExp]>([
    [{ also: ['@ref'] }, /ref="[A-Z]{3}-\d" name="[A-Z][a-z]{2}"><ref>INV-1</],
    [{ also: ['ref'] }, /ref="[A-Z]{3}-\d" name="[A-Z][a-z]{2}"><ref>[A-Z]{3}-\d</],
    [{ keep: ['@name'] }, /name="Ada".*<c:name>(?!Ada)/],
    [{ keep: ['c:name'] }, /name="(?!Ada).*<c:name>Ada</],
    [{ keep: ['name'] }, /name="Ada".*<c:name>Ada</],
    [{ asked: ['c:name'] }, /name="(?!Ada).*<c:name>Ada</],
  ])('as far as is said: %j', async (replace, expected) => {
    const sent =
      '<feed xmlns:c="u"><entry ref="INV-1" name="Ada"><ref>INV-1</ref><id>1</id><c:name>Ada</c:name></entry></feed>';
    const { played } = await recorded(text(sent), { replace });
    expect(played.toString()).toMatch(expected);
  });
});

const refusal = async (sent: string): Promise<string> => {
  const error: unknown = await recorded(text(sent)).catch((reason: unknown) => reason);
  return error instanceof Error ? error.message : 'none';
};

describe('a document is refused', () => {
  test('that declares entities', async () => {
    const said = await refusal('<!DOCTYPE feed [<!ENTITY who "Ada">]><feed><entry><id>1</id></entry></feed>');
    expect(said).toMatch(/orders: an answer of XML has a document type .* at line 1, .*--as-is keeps/);
    expect(said).not.toContain('Ada');
  });

  test('that has a secret in a name', async () => {
    const named = '<feed><entry><id>1</id><plain-token-7781>1</plain-token-7781></entry></feed>';
    const refused = recorded(text(named), { token: 'plain-token-7781' });
    await expect(refused).rejects.toThrow(/orders: an answer of XML has a secret where no value is/);
    expect((await recorded(text(named), { token: 'plain-token-7781' }, true)).file).not.toContain('7781');
  });

  test('with another one within that is not whole', async () => {
    const said = await refusal('<feed><entry><id>1</id><d><![CDATA[<?xml version="1.0"?><a><b>]]></d></entry></feed>');
    expect(said).toMatch(/not well-formed/);
  });
});
