import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readConfig } from '../../config/config.ts';
import { presetNames } from '../../definitions/webhooks.ts';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { presets } from '../../ingest/webhooks/presets.ts';
import { problems } from '../../ingest/problem.ts';
import { startIngestRole } from '../../workers/ingest-role.ts';
import { createLogger } from '../../workers/logger.ts';
import { loadAcme } from '../definitions/partner-files.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { usePool } from '../support/use-pool.ts';

const page = readFileSync('docs/webhooks.md', 'utf8');
const blocks = (kind: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${kind}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
const env = {
  ACME_WEBHOOK_SECRET: 'whsec_secret_of_the_example',
  NEW_SECRET: 'new',
  OLD_SECRET: 'old',
};
const orders = {
  push: {},
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, total: { type: 'integer' } } },
};
const definitionOf = (block: string): string =>
  block.startsWith('# webhook')
    ? JSON.stringify({
        name: 'acme',
        baseUrl: 'https://api.acme.example',
        streams: { orders },
        webhooks: { orders: parse(block) as object },
      })
    : block;

describe('docs/webhooks.md', () => {
  test.each(blocks('yaml').map((block) => ({ block })))('shows a definition that holds: $block', async ({ block }) => {
    expect(Object.keys((await loadAcme(definitionOf(block), env)).webhooks ?? {})).toHaveLength(1);
  });

  test('names each sender with the page that says how it signs', () => {
    const rows = [...page.matchAll(/^\| `([a-z]+)` .*\]\((https:[^)]+)\) +\|$/gm)].map(([, name, url]) => [name, url]);
    expect(rows).toEqual(presetNames.map((name) => [name, presets[name].page]));
  });

  test('names only answers that there are', () => {
    const statuses = [...page.matchAll(/^\| (\d{3}) +\|/gm)].map(([, status]) => Number(status));
    const known = new Set<number>([200, ...Object.values(problems).map(({ status }) => status)]);
    expect(statuses.length).toBeGreaterThan(4);
    expect(statuses.filter((status) => !known.has(status))).toEqual([]);
  });
});

describe('the delivery of docs/webhooks.md', () => {
  const used = usePool();
  let folder: TemporaryFolder;
  let ingest: Ingest;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const own = blocks('yaml').find((block) => block.includes('X-Acme-Signature')) as string;
    await writeFile(join(folder.path, 'acme.yaml'), definitionOf(own));
    ingest = await startIngestRole({
      config: readConfig({ DATABASE_URL: used.database.url, SYNCLINE_PARTNERS_DIR: folder.path, ...env }),
      log: createLogger('silent'),
      address: '127.0.0.1:0',
    });
  });
  afterAll(async () => {
    await ingest?.close();
    await folder?.remove();
  });

  test('is signed by a shell and lands; under another secret it does not', async () => {
    const [script = ''] = blocks('sh');
    const run = async (secret: string): Promise<string> => {
      const { stdout } = await promisify(execFile)('bash', ['-euc', script], {
        env: { PATH: process.env['PATH'], INGEST: ingest.url, ACME_WEBHOOK_SECRET: secret },
      });
      return stdout;
    };
    expect(await run('wrong')).toBe('401\n');
    expect(await run(env.ACME_WEBHOOK_SECRET)).toBe('200\n');
    const { rows } = await used.pool.query('select id, total::integer from acme.orders');
    expect(rows).toEqual([{ id: '4711', total: 1999 }]);
  });
});
