import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { limits } from '../../definitions/limits.ts';
import { runJudge } from '../../simulator/judge/run-judge.ts';
import type { JudgeInput } from '../../simulator/judge/settings.ts';
import { exchange, type Seen } from './exchange.ts';

const document = readFileSync('docs/limits.md', 'utf8');
const [, ...sections] = document.split(/^### /m);

const blocks = (section: string, language: string): string[] =>
  [...section.matchAll(/^```(.+)\n([^]*?)^```/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = '']) => text);

/** Times and counts differ from run to run. */
const shapeOf = (text: string): string => text.trim().replaceAll(/\d+(\.\d+)?/g, '#');
const written = ({ status, statusText, headers, body }: Seen): string =>
  `HTTP/1.1 ${status} ${statusText}\n${headers.map((line) => `${line}\n`).join('')}${status < 400 ? '' : `\n${body}`}`;

describe('docs/limits.md', () => {
  test('has an example of each kind of limit', () => {
    expect(sections.length).toBeGreaterThanOrEqual(8);
  });

  test.each(sections.map((section) => [section.split('\n')[0] ?? '', section]))(
    'shows what a partner really answers: %s',
    async (_name, section) => {
      const [settings = ''] = blocks(section, 'json judge');
      const [atLimit = '', beyondLimit = ''] = blocks(section, 'http');
      const [, path = ''] = /`GET (\S+)\?page=1`/.exec(section) ?? [];
      const judge = await runJudge(JSON.parse(settings) as JudgeInput);
      try {
        const { at, beyond } = await exchange(judge.url, path);
        expect(shapeOf(written(at))).toBe(shapeOf(atLimit));
        expect(shapeOf(written(beyond))).toBe(shapeOf(beyondLimit));
        expect([at.status, beyond.status]).toEqual(
          [atLimit, beyondLimit].map((text) => Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1])),
        );
      } finally {
        await judge.close();
      }
    },
  );

  test.each(blocks(document, 'yaml'))('has definitions that hold: %s', (text) => {
    const { limits: declared } = parse(text) as { limits: unknown };
    expect(() => limits.parse(declared)).not.toThrow();
  });
});
