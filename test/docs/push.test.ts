import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { idempotencyOf, isPushOnly } from '../../definitions/push.ts';
import { KEY_LENGTH } from '../../ingest/idempotency-key.ts';
import { problems } from '../../ingest/problem.ts';
import { usualBodyLimits } from '../../ingest/read-records.ts';
import { CLAIM_MS } from '../../store/idempotency/claim-keys.ts';
import { runSyncline } from '../cli/run-syncline.ts';
import { loadAcme } from '../definitions/partner-files.ts';
import { startIngestProcess, type IngestProcess } from '../support/ingest-process.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { ask } from '../support/use-ingest.ts';
import { usePool } from '../support/use-pool.ts';

const page = readFileSync('docs/push.md', 'utf8');
const block = (kind: string): string => new RegExp(`^\`\`\`${kind}\\n([^]*?)^\`\`\`$`, 'm').exec(page)?.[1] ?? '';
const words = (line: string): string[] =>
  [...line.replace(/^syncline /, '').matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');

describe('docs/push.md', () => {
  const used = usePool();
  let folder: TemporaryFolder;
  let ingest: IngestProcess | undefined;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeFile(join(folder.path, 'acme.yaml'), block('yaml'));
  });
  afterAll(async () => {
    ingest?.signal('SIGTERM');
    await ingest?.ended;
    await folder.remove();
  });

  test('shows streams that are as it says', async () => {
    const { orders, entries } = (await loadAcme(block('yaml'))).streams;
    expect([orders, entries].map((stream) => stream && [isPushOnly(stream), idempotencyOf(stream)])).toEqual([
      [true, 'derived'],
      [true, 'required'],
    ]);
  });

  test('names the codes and the bounds that there are', () => {
    const named = [...page.matchAll(/(\d{3}) ([a-z]+_[a-z_]+|unauthenticated|overloaded|busy)/g)];
    expect(named.length).toBeGreaterThan(4);
    for (const [, status, code] of named)
      expect([code, problems[code as keyof typeof problems]?.status]).toEqual([code, Number(status)]);
    expect(page).toContain(`${KEY_LENGTH.least} to ${KEY_LENGTH.most} printable characters`);
    expect(page).toContain(`the lease ends (${CLAIM_MS / 1000} s)`);
    expect(page).toContain(
      `${usualBodyLimits.bytes / 1024 / 1024} MiB, ${usualBodyLimits.records.toLocaleString('en-US')} records, ${usualBodyLimits.depth} levels`,
    );
  });

  test('has commands that serve a caller', async () => {
    const env = { DATABASE_URL: used.database.url, SYNCLINE_PARTNERS_DIR: folder.path, SYNCLINE_HOME: folder.path };
    const [migrate = '', add = '', serve = ''] = block('sh').trim().split('\n');
    expect((await runSyncline(words(migrate), env)).code).toBe(0);
    const added = await runSyncline(words(add), env);
    const [key = ''] = /sl_\S+/.exec(added.stdout) ?? [];
    expect(words(serve).slice(0, 2)).toEqual(['ingest', '--address']);
    ingest = startIngestProcess({ env });
    const answer = await ask(`${await ingest.url}/v1/acme/orders`, {
      method: 'POST',
      body: JSON.stringify({ id: 'o1', updated_at: '2026-01-02T03:04:05Z', total: 5 }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    expect([answer.status, answer.headers.get('ratelimit')]).toEqual([202, expect.stringContaining('"rate"')]);
    const { rows } = await used.pool.query('select id, total::integer from acme.orders');
    expect(rows).toEqual([{ id: 'o1', total: 5 }]);
  });
});
