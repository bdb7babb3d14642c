import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

/** The example of the page, for a partner of the test. */
async function example(name: string, baseUrl: string): Promise<string> {
  const page = await readFile(new URL('../../docs/sources.md', import.meta.url), 'utf8');
  const code = /```ts\n(.*?)```/s.exec(page)?.[1] ?? '';
  expect(code).toContain('definePartner');
  return code
    .replace("'syncline'", JSON.stringify(new URL('../../public/index.ts', import.meta.url).pathname))
    .replace("'meters'", JSON.stringify(name))
    .replace("'https://meters.example'", JSON.stringify(baseUrl));
}

test('a source in TypeScript reads what no definition could say', async () => {
  const all: Record<string, string[]> = {
    north: Array.from({ length: 150 }, (_, i) => `n${i} ${i}.5`),
    south: ['ß 7'],
  };
  const partner = await partners.partner(
    (url) => {
      const from = Number(url.searchParams.get('from'));
      const lines = (all[url.pathname.split('/').at(-1) ?? ''] ?? []).slice(from, from + 100);
      return { headers: { 'content-type': 'text/plain' }, text: lines.map((line) => `${line}\n`).join('') };
    },
    { readings: { path: '/', schema: { type: 'object' } } },
  );
  await partner.write(example);
  expect(await partner.read('readings')).toMatchObject({ outcome: 'ok', counts: { fetched: 151, inserted: 151 } });
  const { rows } = await partners.pool.query(
    `select region, count(*)::integer as count, sum(value)::text as sum, min(id) as first from ${partner.name}.readings group by 1 order by 1`,
  );
  expect(rows).toEqual([
    { region: 'north', count: 150, sum: '11250.0', first: 'n0' },
    { region: 'south', count: 1, sum: '7', first: 'ß' },
  ]);
  expect(partner.asked).toHaveLength(5);
});
