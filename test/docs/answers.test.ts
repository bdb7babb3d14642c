import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { canonicalJson } from '../../core/canonical.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { csvFormat, xmlFormat } from '../../definitions/formats.ts';
import { recordsShape } from '../../definitions/records.ts';
import { receivedOf } from '../../records/received.ts';
import { declaredSource } from '../../sources/declared/declared-source.ts';
import { problemsOf } from '../definitions/partner-files.ts';
import { define, start } from '../http/support/definitions.ts';
import { defineStream } from '../support/define-stream.ts';

const document = readFileSync(new URL('../../docs/answers.md', import.meta.url), 'utf8');
const fences = [...document.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({
  language: language as string,
  text: text as string,
}));
const examples = fences.flatMap(({ text }, i) =>
  fences[i + 2]?.language === 'text'
    ? [{ example: text, answer: fences[i + 1]?.text as string, records: fences[i + 2]?.text as string }]
    : [],
);

function payloadsOf(given: Partial<StreamInput>, text: string): readonly string[] {
  const { partner, stream } = define(given);
  const answer = { status: 200, headers: { 'content-type': 'text/plain' }, text, bytes: text.length };
  const url = 'https://api.acme.example/v2/orders';
  const page = declaredSource(partner, stream).read({ ...answer, url, files: [Buffer.from(text)] }, start);
  expect(page.faults?.size ?? 0).toBe(0);
  return receivedOf({ ...page, exactAt: page.exactAt, stream: defineStream(), text, ascii: false, parents: [] }).map(
    ({ payload }) => payload,
  );
}

describe('docs/answers.md', () => {
  test('has examples, each with its answer and its records', () => {
    expect(examples.length).toBeGreaterThan(12);
    expect(fences.filter(({ language }) => language === 'text')).toHaveLength(examples.length);
  });

  test.each(examples)('reads what it shows: $example', ({ example, answer, records }) => {
    const wanted = records.split('\n').filter((line) => line !== '');
    const payloads = payloadsOf(parse(example) as Partial<StreamInput>, answer);
    expect(payloads.map((text) => canonicalJson(JSON.parse(text)))).toEqual(
      wanted.map((text) => canonicalJson(JSON.parse(text))),
    );
  });

  test.each(fences.filter(({ language }) => language === 'yaml'))(
    'shows a part of a stream that loads: $text',
    async ({ text }) => {
      const stream = `path: /o\ndisposition: append\nschema: { type: object, properties: {} }\n${text}`;
      const whole = `name: acme\nbaseUrl: https://api.acme.example\nstreams:\n  orders:\n${stream.replaceAll(/^/gm, '    ')}`;
      expect(await problemsOf(whole, {})).toEqual([]);
    },
  );

  test('keeps a line of NDJSON as it came', () => {
    const { answer = '', records } = examples.find(({ example }) => example.includes('ndjson')) ?? {};
    expect(payloadsOf({ format: 'ndjson' }, answer).join('\n')).toBe(records?.trim());
  });

  test.each([recordsShape, csvFormat, xmlFormat].flatMap(({ shape }) => Object.keys(shape)).map((name) => [name]))(
    'describes the field %s',
    (name) => {
      expect(document).toMatch(new RegExp(`^\\|[^|]*\`${name}\`|\`${name}\` and what follows`, 'm'));
    },
  );
});
