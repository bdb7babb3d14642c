import { describe, expect, test } from '@jest/globals';
import { textsOf } from '../../../recordings/bytes-of.ts';
import type { StreamInput } from '../../../definitions/definition.ts';
import { pseudonyms } from '../../../recordings/pseudonyms.ts';
import type { Exchange, Recording } from '../../../recordings/recording.ts';
import { randomOf } from '../../../simulator/random.ts';
import { long } from '../../support/long.ts';
import { flat, generated, readAgain, someStream } from './played-formats.ts';

const tries = (short: number, many: number): number[] => [...Array(long ? many : short).keys()];

const contentOf = ({ exchanges }: Recording): unknown =>
  exchanges.map((one) => [one.packed, textsOf(one).map((text) => text.replace(/^\uFEFF/, ''))]);

describe('an answer in whichever format', () => {
  test.each(tries(14, 2000))('is read as what was made, %i', async (seed) => {
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

  test('of XML is kept as it came, or not at all', async () => {
    const stream: Partial<StreamInput> = { format: 'xml', records: 'feed.entry' };
    const made = await generated(stream);
    const replaced = readAgain(made, stream, () => pseudonyms({ key: Buffer.alloc(32) }));
    await expect(replaced).rejects.toThrow(/personal data are replaced in JSON and CSV only/);
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
