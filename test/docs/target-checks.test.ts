import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { parse } from 'yaml';
import { targetsCompared } from '../../cli/commands/targets-compared.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { said } from '../support/said.ts';
import { useKind } from '../targets/kinds.ts';
import { openLandBench, PARTNER, type LandBench } from '../targets/land-bench.ts';

const document = readFileSync(new URL('../../docs/target-checks.md', import.meta.url), 'utf8');
const fences = (language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string);

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());
const postgres = useKind('postgres');

const squeezed = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('─'))
    .map((line) => line.replaceAll(/(?<=\S) {2,}/g, '  ').trim());

test('docs/target-checks.md shows what a comparison says', async () => {
  await bench.define(parse(fences('yaml')[0] as string) as Record<string, Partial<StreamInput>>);
  const records = JSON.parse(fences('json')[0] as string) as unknown[];
  await bench.pull('payments', [records.map((record) => JSON.stringify(record))]);
  const declared = await postgres.declare();
  const twin = await postgres.open(declared);
  await bench.apply('payments', twin);
  const there = new Pool({ connectionString: 'url' in declared ? declared.url : '' });
  try {
    for (const statement of (fences('sql')[0] as string).split(';\n'))
      if (statement.trim() !== '') await there.query(statement.replaceAll('acme.', `${PARTNER}.`));
  } finally {
    await there.end();
  }
  expect(await bench.compare('payments', twin)).toMatchObject({ id: 1, verdict: 'differs' });
  const config = readConfig({ DATABASE_URL: bench.url });
  const shown = await said(config, { limit: '50' }, (context) => targetsCompared({ ...context, id: '1' }));
  expect(shown.code).toBe(3);
  const [command = '', ...lines] = (fences('console')[0] as string).trim().split('\n');
  expect(command).toBe('$ syncline targets compared 1');
  const text = shown.text.replaceAll('lake', 'twin').replaceAll(PARTNER, 'acme');
  expect(squeezed(text)).toEqual(squeezed(lines.join('\n')));
});
