import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { CheckedStream, FailedCheck } from '../../../activities/check/check-stream.ts';
import { partnerWords } from '../../../activities/check/partner-words.ts';
import type { Answer } from '../../../core/page.ts';
import type { StreamInput } from '../../../definitions/definition.ts';
import { serve, type LocalServer } from '../../http/support/local-server.ts';
import { defineStream } from '../../support/define-stream.ts';
import { zipFile } from '../../support/zip-file.ts';
import { checkIt } from './check-it.ts';

let server: LocalServer;
afterEach(() => server.close());

async function sample(body: string | Buffer, change: Partial<StreamInput>): Promise<CheckedStream | FailedCheck> {
  server = await serve((_, response) => void response.setHeader('content-type', 'text/plain').end(body));
  const stream = defineStream(change, { baseUrl: server.url });
  return checkIt(stream);
}

describe('a sample', () => {
  test('of an export that is too large for the memory shows its first part', async () => {
    const records = Array.from({ length: 40 }, (_, n) => ({ id: `o${n}`, v: 1, text: 'long '.repeat(100_000) }));
    const body = gzipSync(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    expect(await sample(body, { format: 'ndjson', compression: 'gzip' })).toMatchObject({
      records: 27,
      rejected: [],
    });
  });

  test.each<[name: string, body: string | Buffer, change: Partial<StreamInput>]>([
    ['CSV', 'id,v,other\no1,7,x\n', { format: 'csv' }],
    ['NDJSON', '{"id":"o1","v":7,"other":"x"}\n', { format: 'ndjson' }],
    ['XML', '<r><o><id>o1</id><v>7</v><other>x</other></o></r>', { format: 'xml', records: 'r.o' }],
    ['JSON in gzip', gzipSync('[{"id":"o1","v":7,"other":"x"}]'), { compression: 'gzip' }],
    ['CSV in zip', zipFile([{ name: 'a', data: 'id,v,other\no1,7,x\n' }]), { compression: 'zip', format: 'csv' }],
    ['objects by their keys', '{"o1":{"v":7,"other":"x"}}', { records: { byKey: 'id' } }],
  ])('shows records of %s', async (_, body, change) => {
    expect(await sample(body, change)).toMatchObject({
      records: 1,
      rejected: [],
      unknownFields: ['other'],
      columns: [
        { name: 'id', samples: ['o1'] },
        { name: 'v', samples: ['7'] },
        { name: 'text', empty: 1 },
      ],
    });
  });

  test('says where fields land that no schema names, and knows those with an older name', async () => {
    const body = '[{"id":"o1","v":7,"other":"x","words":"y"}]';
    const schema = { type: 'object', properties: { id: { type: 'string' }, text: { type: 'string', was: 'words' } } };
    expect(await sample(body, { schema, version: [] })).toMatchObject({
      unknownFields: ['v', 'other'],
      unknownInto: '_extra',
      columns: [{ name: 'id' }, { name: 'text', samples: ['y'] }],
    });
    expect(await sample(body, { schema, version: [], onMismatch: { newFields: 'columns' } })).toMatchObject({
      unknownInto: 'columns',
    });
  });

  test('tells malformed rows, and makes no fields of them', async () => {
    expect(await sample('id,v\no1,7\no2\n', { format: 'csv' })).toMatchObject({
      records: 2,
      rejected: [{ path: '', reason: 'expected 2 fields in the row, found 1', count: 1 }],
      unknownFields: [],
      suggestedSchema: { properties: { id: {}, v: {} } },
    });
  });

  test.each<[name: string, body: string | Buffer, change: Partial<StreamInput>, says: RegExp]>([
    ['records elsewhere', '{"data":{"rows":[]}}', {}, /arrays are at "data.rows"/],
    ['another format', 'id,v\no1,7\n', {}, /write format: csv/],
    ['a compressed body', gzipSync('[]'), {}, /write compression: gzip/],
    ['elements elsewhere', '<r><l><o/><o/></l></r>', { format: 'xml', records: 'r.o' }, /arrays are at "r.l.o"/],
    ['another header row', 'key;v\no1;7\n', { format: 'csv' }, /expected a column "id"/],
  ])('leads to %s', async (_, body, change, says) => {
    expect(await sample(body, change)).toMatchObject({ error: expect.stringMatching(says) });
  });
});

const refusal = (text: string, status = 400) => ({ status, text }) as Answer;

describe('what the partner says to a refusal', () => {
  const known = [{ name: 'auth.key', values: ['canary-canary'] }];

  test.each([
    ['is shown on one line', '{\n  "error": "no such field"\n}', '{ "error": "no such field" }'],
    ['has no secret', 'the key canary-canary is old', 'the key … is old'],
    ['has no half of a secret where it is cut', `${'x'.repeat(295)}canary-canary`, `${'x'.repeat(295)}…`],
    ['is cut', 'x'.repeat(500), `${'x'.repeat(300)}…`],
    ['is nothing where it is a page for a browser', '<!doctype html><p>Bad Request', undefined],
    ['is nothing where there is nothing', ' \n', undefined],
  ])('%s', (_, text, shown) => {
    expect(partnerWords(refusal(text), known)).toBe(shown);
  });

  test('is nothing where it was none', () => {
    expect(partnerWords(refusal('{}', 200), known)).toBeUndefined();
  });
});
