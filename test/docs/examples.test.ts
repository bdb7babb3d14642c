import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { listPartners, loadPartner } from '../../definitions/load.ts';

const dir = fileURLToPath(new URL('../../examples/partners', import.meta.url));
const document = readFileSync('docs/examples.md', 'utf8');
const rows = [...document.matchAll(/^\| \[(.+?)\]\(\.\.\/examples\/partners\/(\w+)\.yaml\)/gm)];
const named = rows.map(([, , file = '']) => file);
/** Not of a vendor: for the simulator, and for data that is served here. */
const ours = ['demo_zod', 'vega', 'vega_graphql'];

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
/** Variables that cannot be any text. */
const particular: Readonly<Record<string, string>> = {
  GA4_SINCE: '2024-01-31',
  GA4_ZONE: 'Europe/Berlin',
  GOOGLE_SERVICE_ACCOUNT: JSON.stringify({ client_email: 'me@acme.example', private_key: pem }),
  SALESFORCE_PRIVATE_KEY: pem,
};

test('docs/examples.md has a row for each definition of a vendor, by name', async () => {
  const titles = rows.map(([, title = '']) => title);
  expect(titles).toEqual(titles.toSorted());
  expect(named.toSorted()).toEqual((await listPartners(dir)).filter((name) => !ours.includes(name)));
});

test.each(named)('%s needs no other variables than its first lines name', async (name) => {
  const text = readFileSync(`${dir}/${name}.yaml`, 'utf8');
  const variables = [...text.matchAll(/^# {3}([A-Z][A-Z0-9_]+)\b/gm)].map(([, variable = '']) => variable);
  expect(variables.length).toBeGreaterThan(0);
  const env = Object.fromEntries(variables.map((variable) => [variable, particular[variable] ?? 'canary']));
  expect(Object.keys((await loadPartner(name, { dir, env })).streams).length).toBeGreaterThanOrEqual(2);
});
