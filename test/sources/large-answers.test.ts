import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RetryLater } from '../../core/errors.ts';
import type { SourceAnswer } from '../../core/source.ts';
import { formatOf, type CsvFormat } from '../../definitions/formats.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { declaredSource } from '../../sources/declared/declared-source.ts';
import { csvRows, csvRowsInSteps } from '../../sources/declared/formats/csv-rows.ts';
import { define, start } from '../http/support/definitions.ts';

const COUNT = 20_000;
const lines = (line: (i: number) => string): string => Array.from({ length: COUNT }, (_, i) => line(i)).join('');
const csv = `id,text\n${lines((i) => `${i},"é🎏 ""${i}"",\nx"\r\n`)}`;
const ndjson = lines((i) => `{"id":${i},"text":"é🎏 ${i} and so on"}\n`);
const xml = `<r>${lines((i) => `<o><id>${i}</id><text>é🎏 &amp; ${i}</text></o>\n`)}</r>`;

const answerOf = (text: string): SourceAnswer => {
  const body = Buffer.from(text);
  return {
    status: 200,
    headers: {},
    text,
    bytes: body.length,
    url: 'https://api.acme.example/v2/orders',
    files: [body],
  };
};

/** Whether others had their turn. */
let turns = 0;
let turning: NodeJS.Immediate;
const turn = (): void => {
  turns += 1;
  turning = setImmediate(turn);
};
beforeEach(() => {
  turns = 0;
  turn();
});
afterEach(() => clearImmediate(turning));

describe('a large answer is parsed a step at a time, and gives the same', () => {
  test.each<[name: string, text: string, stream: Partial<StreamInput>]>([
    ['CSV', csv, { format: 'csv' }],
    ['NDJSON', ndjson, { format: 'ndjson' }],
    ['XML', xml, { format: 'xml', records: 'r.o' }],
  ])('%s', async (_, text, given) => {
    const { partner, stream } = define(given);
    const source = declaredSource(partner, stream);
    const answer = answerOf(text);
    const prepared = await source.prepare?.(answer);
    expect(prepared).toBeDefined();
    expect(turns).toBeGreaterThan(3);
    const page = source.read({ ...answer, prepared }, start);
    expect(page.records).toHaveLength(COUNT);
    expect(page).toEqual(source.read(answer, start));
  });

  test.each<[name: string, text: string, stream: Partial<StreamInput>]>([
    ['CSV', csv.slice(0, -6), { format: 'csv' }],
    ['XML', xml.slice(0, -4), { format: 'xml', records: 'r.o' }],
    ['CSV in the middle', csv.replace('\n100,"', '\n100,x"'), { format: 'csv' }],
    ['XML in the middle', xml.replace('<id>100<', '<id>100<<'), { format: 'xml', records: 'r.o' }],
  ])('%s that is broken', async (_, text, given) => {
    const { partner, stream } = define(given);
    const source = declaredSource(partner, stream);
    const answer = answerOf(text);
    const failure = await source.prepare?.(answer).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RetryLater);
    expect(() => source.read(answer, start)).toThrow((failure as Error).message);
  });

  test.each([
    ['', {}],
    ['a', {}],
    ['a,b\n1,2', {}],
    ['a,b\r\n\r\n1,"2\n"\r\n', {}],
    ['#x\n\na,b\n', { skipLines: 1 }],
    ['a\n\n', {}],
  ])('CSV %j has the same rows', async (text, change) => {
    const format = { ...formatOf('csv'), ...change } as CsvFormat;
    const from = { text, kind: 'csv', isAnswer: true };
    expect(await csvRowsInSteps(from, format)).toEqual(csvRows(from, format));
  });
});

test('a small answer, and JSON, is not prepared', async () => {
  for (const format of ['csv', 'ndjson', 'xml', 'json'] as const) {
    const { partner, stream } = define({ format });
    const text = format === 'json' ? ' '.repeat(1e6) : 'x';
    expect(await declaredSource(partner, stream).prepare?.(answerOf(text))).toBeUndefined();
  }
});
