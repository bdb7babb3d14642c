import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Position } from '../../core/page.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { job } from '../../definitions/job.ts';
import { sourceOf } from '../../sources/source-of.ts';
import { problemsOf } from '../definitions/partner-files.ts';
import { defineStream } from '../support/define-stream.ts';

const document = readFileSync(new URL('../../docs/jobs.md', import.meta.url), 'utf8');
const fences = [...document.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({
  language: language as string,
  text: (text as string).trim(),
}));
const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' };

const text = { type: 'string' };
const schemaOf = (example: string) => ({
  type: 'object',
  properties: example.includes('SystemModstamp')
    ? { Id: text, Name: text, SystemModstamp: { ...text, format: 'date-time' } }
    : { id: text },
});

describe('docs/jobs.md', () => {
  test.each(fences.filter(({ language }) => language === 'yaml'))(
    'shows a stream that loads: $text',
    async ({ text: example }) => {
      const rest = [
        `schema: ${JSON.stringify(schemaOf(example))}`,
        ...(example.includes('primaryKey') ? [] : ['primaryKey: [id]']),
      ];
      const stream = [example, ...rest].join('\n').replaceAll(/^/gm, '    ');
      const whole = `name: acme\nbaseUrl: https://api.acme.example\nstreams:\n  orders:\n${stream}\n`;
      expect(await problemsOf(whole, {})).toEqual([]);
    },
  );

  test('asks what it says, in this order', () => {
    const [{ text: yaml } = { text: '' }, ...said] = fences;
    const source = sourceOf(defineStream({ ...(parse(yaml) as StreamInput), schema: schemaOf(yaml) }));
    const exchanges = said.slice(0, 6);
    let cursor: string | null = null;
    let records = 0;
    for (let i = 0; i < exchanges.length; i += 2) {
      const position: Position = { cursor, range, parents: [], key: 'KEY' };
      const { method, url, headers, body } = source.request(position);
      const key = headers['idempotency-key'];
      const told = [
        `${method} ${new URL(url).pathname}`,
        ...(key === undefined ? [] : [`idempotency-key: ${key}`]),
        ...(body === undefined ? [] : ['', body]),
      ];
      expect(told.join('\n')).toBe(exchanges[i]?.text);
      const { text: answer, language } = exchanges[i + 1] as (typeof fences)[number];
      const type = language === 'csv' ? { 'content-type': 'text/csv', 'sforce-locator': 'null' } : {};
      const page = source.read(
        { status: 200, headers: type, text: answer, bytes: answer.length, url, files: [Buffer.from(answer)] },
        position,
      );
      records += page.records.length;
      ({ cursor } = page.next);
    }
    expect({ cursor, records }).toEqual({ cursor: null, records: 1 });
  });

  const fields = [...Object.keys(job.shape), ...Object.keys(job.shape.poll.shape)];
  test.each(fields.filter((name) => !['method', 'path', 'contentType'].includes(name)))(
    'describes the field %s',
    (name) => {
      expect(document).toContain(`\`${name}\``);
    },
  );
});
