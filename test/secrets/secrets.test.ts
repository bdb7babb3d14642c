import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../config/config.ts';
import { parsePayloadKeys } from '../../config/payload-keys.ts';
import { secretFor, secretsOf } from '../../definitions/secrets.ts';
import { problemsOf } from '../definitions/partner-files.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
const at = (name: string): string => join(folder.path, name);
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(at('token'), ' of the file \r\n');
  await writeFile(at('large'), 'x'.repeat(70_000));
  await writeFile(
    at('store.ts'),
    `let asked = 0;
     const get = (name) => {
       if (name === 'BROKEN') throw new RangeError('canary-text');
       if (name === 'NUMBER') return 5;
       return name === 'STORED' ? 'answer ' + ++asked : undefined;
     };
     export default { get };`,
  );
  await writeFile(at('empty.ts'), 'export default {};');
});
afterAll(() => folder.remove());

describe('secretsOf', () => {
  test('reads variables, and files without the line end that editors add', async () => {
    const secrets = secretsOf({ A: 'of the variable', B_FILE: at('token') });
    expect(await secrets.read(['A', 'B', 'C'])).toEqual({
      env: { A: 'of the variable', B: ' of the file ', C: undefined },
      problems: new Map(),
    });
    expect([secrets.mayChange('A'), secrets.mayChange('B')]).toEqual([false, true]);
  });

  test.each([
    [{ A: 'x', A_FILE: 'y' }, 'expected one of A and A_FILE, found both; unset one of them'],
    [
      { A_FILE: '/nowhere/token' },
      'A_FILE: expected a file that can be read, found ENOENT at /nowhere/token; create it, or point to another',
    ],
  ])('with %j says: %s', async (env, says) => {
    const { problems } = await secretsOf(env).read(['A']);
    expect(problems.get('A')).toBe(says);
  });

  test('refuses a file that cannot be a secret', async () => {
    const { problems } = await secretsOf({ A_FILE: at('large') }).read(['A']);
    expect(problems.get('A')).toContain('up to 65536 bytes, found 70000');
  });

  test('asks a store first, keeps its answers for 30 seconds or until the partner refuses one, then the environment', async () => {
    let nowMs = 0;
    const secrets = secretsOf({ SYNCLINE_SECRETS: at('store.ts'), STORED: 'hidden', OTHER: 'seen' }, () => nowMs);
    const read = async (): Promise<unknown> => (await secrets.read(['STORED', 'OTHER'])).env;
    expect(await read()).toEqual({ STORED: 'answer 1', OTHER: 'seen' });
    nowMs = 29_999;
    expect(await read()).toEqual({ STORED: 'answer 1', OTHER: 'seen' });
    nowMs = 30_000;
    expect(await read()).toEqual({ STORED: 'answer 2', OTHER: 'seen' });
    secrets.forget();
    expect(await read()).toEqual({ STORED: 'answer 3', OTHER: 'seen' });
  });

  test('tells what a store did, never what it said', async () => {
    const secrets = secretsOf({ SYNCLINE_SECRETS: at('store.ts') });
    const broken = await secrets.read(['BROKEN']).catch((error: unknown) => String(error));
    expect(broken).toContain('get(BROKEN)');
    expect(broken).toContain('threw a RangeError');
    expect(broken).not.toContain('canary');
    expect((await secrets.read(['NUMBER'])).problems.get('NUMBER')).toContain('found a number');
    const none = await secretsOf({ SYNCLINE_SECRETS: at('empty.ts') }).read(['A']);
    expect(none.problems.get('A')).toContain('expected defineSecrets({ get }) as default export');
  });

  test('gives functions of definitions one secret, or an error that names it', async () => {
    const secret = secretFor(secretsOf({ A: 'value' }));
    expect(await secret('A')).toBe('value');
    await expect(secret('B')).rejects.toThrow('secret B is not set: set B or B_FILE');
  });
});

test('a definition says which of its fields wants a file that is not there', async () => {
  const text =
    'name: acme\nbaseUrl: https://a.example\nauth: { type: bearer, token: "${T}" }\nstreams:\n  a: { path: /a, schema: { type: object } }\n';
  expect(await problemsOf(text, { T_FILE: '/nowhere' })).toEqual(
    expect.arrayContaining([expect.stringMatching(/acme\.yaml:3:\d+ auth\.token: T_FILE: expected a file/)]),
  );
});

describe('settings that are secrets', () => {
  test('come from files too', async () => {
    await writeFile(at('url'), 'postgres://u:p@127.0.0.1/d\n');
    expect(readConfig({ DATABASE_URL_FILE: at('url') }).databaseUrl).toBe('postgres://u:p@127.0.0.1/d');
    expect(() => readConfig({ DATABASE_URL_FILE: at('url'), DATABASE_URL: 'postgres://x' })).toThrow('found both');
    expect(() => readConfig({ DATABASE_URL_FILE: '/nowhere' })).toThrow('DATABASE_URL_FILE: expected a file');
  });

  const good = Buffer.alloc(32, 7).toString('base64');
  test.each([
    ['', []],
    [`a:${good}`, ['a']],
    [`b:${good},a:${good}`, ['b', 'a']],
    [`b:${good}\na:${good}\n`, ['b', 'a']],
    [`a:${good},a:${good}`, undefined],
    [`a:${Buffer.alloc(16).toString('base64')}`, undefined],
    [good, undefined],
  ])('payload keys %j have the ids %j', (text, ids) => {
    expect(parsePayloadKeys(text)?.map(({ id }) => id)).toEqual(ids);
  });

  test('keys that are none are refused without being shown', () => {
    expect(() => readConfig({ SYNCLINE_PAYLOAD_KEYS: 'canary' })).toThrow(
      /^SYNCLINE_PAYLOAD_KEYS: expected id:key(?!.*canary)/,
    );
  });
});
