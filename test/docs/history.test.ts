import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { historyColumns } from '../../core/history-columns.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { history } from '../../definitions/history.ts';
import { STORE, target as definition } from '../../definitions/targets.ts';
import { openTarget } from '../../workers/open-target.ts';
import { problemsOf } from '../definitions/partner-files.ts';
import { openLandBench, PARTNER, type LandBench } from '../targets/land-bench.ts';

const document = readFileSync(new URL('../../docs/history.md', import.meta.url), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);
const [declared = '', inMoreWords = ''] = blocks('yaml');
const [records = ''] = blocks('json');

const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
/** The query, and the rows of the table below it. */
const shown = [...document.matchAll(/^```sql\n([^`]*)^```\n\n((?:^\|[^\n]*\n)+)/gm)].map(
  ([, query = '', table = '']) => {
    return { query, rows: table.trim().split('\n').slice(2).map(cells) };
  },
);

const written = (value: Date | string | boolean | number | null): string =>
  value instanceof Date ? value.toISOString().slice(0, 19).replace('T', ' ') : String(value ?? '');

describe('docs/history.md', () => {
  let bench: LandBench;
  beforeAll(async () => {
    bench = await openLandBench();
  });
  afterAll(() => bench.close());

  test('shows definitions that load', async () => {
    expect(await problemsOf(declared)).toEqual([]);
    const more = inMoreWords.trimEnd().replaceAll('\n', '\n    ');
    expect(await problemsOf(declared.replace('history: true', more))).toEqual([]);
  });

  test("shows what its records make of a history in the store's own database", async () => {
    const { payments } = (parse(declared) as PartnerInput).streams;
    await bench.define({ payments: payments as StreamInput });
    for (const record of records.trim().split('\n')) await bench.pull('payments', [[record]]);
    const store = await openTarget(STORE, definition.parse({ type: 'postgres', url: bench.url }), 'syncline');
    try {
      expect(await bench.apply('payments.history', store)).toMatchObject({ state: 'caughtUp', event: 4 });
    } finally {
      await store.close();
    }
    expect(shown.map(({ rows }) => rows.length)).toEqual([4, 2]);
    for (const { query, rows } of shown) {
      const found = await bench.pool.query<(Date | string | boolean | number | null)[]>({
        rowMode: 'array',
        text: query.replaceAll('acme.', `${PARTNER}.`),
      });
      expect(found.rows.map((row) => row.map(written))).toEqual(rows);
    }
    const [known = ''] = blocks('sql').filter((query) => query.includes('received_at'));
    const later = known.replaceAll('acme.', `${PARTNER}.`).replace("'2026-11-06 00:00Z'", 'now()');
    expect((await bench.pool.query(later)).rows).toEqual([
      { id: 'p1', status: 'held', is_deleted: false },
      { id: 'p2', status: 'new', is_deleted: false },
    ]);
    // Its cursor is among the ledger's tables.
    const cursors = await bench.pool.query('select schema_name, table_name, event::integer from syncline.cursors');
    expect(cursors.rows).toEqual([{ schema_name: PARTNER, table_name: 'payments_history', event: 4 }]);
  });

  test.each(historyColumns.map(({ name }) => name))('describes the column %s', (name) => {
    expect(document).toMatch(new RegExp(`^\\| \`${name}\` `, 'm'));
  });

  test.each(Object.keys(history.options[1].shape))('shows the field %s', (field) => {
    expect(inMoreWords).toMatch(new RegExp(`^  ${field}: `, 'm'));
  });
});
