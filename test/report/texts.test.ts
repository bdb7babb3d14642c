import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import type { PartnerReport } from '../../report/partner-report.ts';
import { sectionsOf } from '../../report/sections/sections.ts';
import { toHtml } from '../../report/write/to-html.ts';
import { toMarkdown } from '../../report/write/to-markdown.ts';

const cellsOf = (line: string): readonly string[] => line.split(/(?<!\\)\|/).slice(1, -1);

describe('texts stay texts', () => {
  const hostile =
    '<img src=x onerror=alert(1)> | `x` [a](http://x.example) www.x.example a@x.example **b** \n# c \u202e&amp;';
  const evidence = { at: '2026-11-24T03:00:07.000Z', stream: hostile, requestId: hostile, runId: hostile };
  const quick = { calls: 30, medianMs: 1, p95Ms: 2 };
  const full: PartnerReport = {
    partner: hostile,
    madeAt: evidence.at,
    from: '2026-11-17T00:00:00.000Z',
    to: evidence.at,
    known: { calls: null, runs: null, callsBefore: null },
    streams: [{ stream: hostile, path: hostile, runs: 1, notOk: 0, records: 2, calls: 3, failedCalls: 1 }],
    totals: [{ ...evidence, stated: 3, came: 2, repeated: null }],
    doubts: [{ ...evidence, kind: 'repeats' }],
    before: { totals: 1, doubts: 0 },
    errors: [
      {
        stream: hostile,
        kind: 'server',
        status: 500,
        code: hostile,
        token: true,
        calls: 1,
        of: 3,
        before: null,
        firstAt: evidence.at,
        lastAt: evidence.at,
        examples: [{ ...evidence, call: hostile }],
      },
    ],
    latency: [{ stream: hostile, now: quick, before: quick, slow: [{ hour: 3, ...quick, rest: quick }] }],
    limits: {
      declared: [{ name: hostile, says: hostile, busiest: 1, why: hostile }],
      within: { calls: 1, examples: [evidence] },
      above: { calls: 1, examples: [evidence] },
      unclear: [{ why: hostile, calls: 1 }],
      told: [
        { ...evidence, status: 200, refused: false, told: 'used-up', calls: 2, shortestMs: 1000, longestMs: 9000 },
      ],
    },
    fields: [
      {
        stream: hostile,
        looked: 1,
        lookedBefore: 1,
        since: evidence.at,
        cut: true,
        changes: [{ kind: 'types', field: hostile, types: [hostile], typesBefore: [], records: 1, ...evidence }],
        hidden: 2,
      },
    ],
    unfit: [{ ...evidence, path: hostile, says: hostile, records: 1, lastAt: evidence.at }],
  };

  test('in HTML', () => {
    const { document } = parseHTML(toHtml(full, hostile));
    expect(document.querySelectorAll('img, a, b, script, [src], [href], [onerror]')).toHaveLength(0);
    expect(document.querySelector('h1')?.textContent).toBe(`Report about the API of ${hostile}`);
    const cells = [...document.querySelectorAll('td code')].map(({ textContent }) => textContent);
    expect(cells.length).toBeGreaterThan(15);
    expect(new Set(cells)).toEqual(new Set([hostile]));
  });

  test('in Markdown: no character that means something is without its backslash, and each row has all its cells', () => {
    const text = toMarkdown(full, hostile);
    const lines = text.split('\n');
    const tables = lines.filter((line) => line.startsWith('|'));
    const widths = lines.flatMap((line, i) =>
      line.startsWith('| ') && lines[i - 1]?.startsWith('|')
        ? [[cellsOf(line).length, cellsOf(lines[i - 1] ?? '').length]]
        : [],
    );
    expect(tables.length).toBeGreaterThan(30);
    expect(widths.filter(([one, other]) => one !== other)).toEqual([]);
    const bare = text
      .replaceAll(/\\[\\`*_{}[\]<>#|~&!@:.]/g, '')
      .replaceAll(/^#+ |^\|( (---|--:) \|)+$|^\||\|$| \| /gm, '');
    expect(bare.match(/[\\`*_[\]<>#|~&@]|https?:|www\./g)).toBeNull();
    expect(text).not.toContain('\u202e');
  });

  test('docs/partner-report.md tells of each part, in the order of the report', async () => {
    const text = await readFile(new URL('../../docs/partner-report.md', import.meta.url), 'utf8');
    const told = [...text.matchAll(/^\| \*\*(.+?)\*\* +\|/gm)].map(([, title]) => title);
    expect(told).toEqual(sectionsOf(full).map(({ title }) => title));
  });

  test('ids in Markdown are code, and text in it is readable', () => {
    const text = toMarkdown(
      { ...full, doubts: [{ ...evidence, stream: 'orders', requestId: 'req_1', runId: 'sync/a_b/c', kind: 'empty' }] },
      'x',
    );
    expect(text).toContain(
      '| orders | a page was empty, although the answers said that others follow | 2026-11-24 03:00:07 | `req_1` | `sync/a_b/c` |',
    );
  });
});
