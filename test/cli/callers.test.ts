import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { callersBlock, callersLimit, callersUnblock } from '../../cli/commands/caller-limits.ts';
import { callersAdd, callersChange, callersList, callersRevoke, callersRotate } from '../../cli/commands/callers.ts';
import type { CommandContext } from '../../cli/command.ts';
import { whoami } from '../../cli/person.ts';
import { readConfig } from '../../config/config.ts';
import { InvalidInput } from '../../core/errors.ts';
import { Authenticator } from '../../ingest/callers/authenticate.ts';
import { readAudit } from '../../store/callers/audit.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { said, type Said } from '../support/said.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { usePool } from '../support/use-pool.ts';
import { runSyncline } from './run-syncline.ts';

const db = usePool(2);
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
  writeFileSync(join(folder.path, 'acme.yaml'), 'name: acme');
});
afterAll(() => folder.remove());

const reason = 'ticket 7';
const env = (): Record<string, string> => ({
  DATABASE_URL: db.database.url,
  SYNCLINE_PARTNERS_DIR: folder.path,
  SYNCLINE_HOME: folder.path,
});
const ran = <O extends object>(
  options: O,
  command: (context: CommandContext<O & { reason: string }>) => Promise<number>,
): Promise<Said> => said(readConfig(env()), { reason, ...options }, command);
const add = (name: string, options: Partial<Parameters<typeof callersAdd>[0]['options']> = {}): Promise<Said> =>
  ran({ scope: ['acme/*'], tier: 'normal', ...options }, (context) => callersAdd({ ...context, name }));
const list = (name?: string, all = false): Promise<Said> =>
  ran({ all }, (context) => callersList({ ...context, name }));
const limit = (name: string | undefined, options: object): Promise<Said> =>
  ran(options, (context) => callersLimit({ ...context, name }));
const rotate = (name: string, overlap: string): Promise<Said> =>
  ran({ overlap }, (context) => callersRotate({ ...context, name }));
const revoke = (name: string, key?: string): Promise<Said> =>
  ran(key === undefined ? {} : { key }, (context) => callersRevoke({ ...context, name }));
const block = (subject: string, options: object = {}): Promise<Said> =>
  ran(options, (context) => callersBlock({ ...context, subject }));
const unblock = (subject: string): Promise<Said> => ran({}, (context) => callersUnblock({ ...context, subject }));
const keyOf = ({ json }: Said): string => (json as { key: string }).key;
const ask = async (key: string, address = '192.0.2.1'): Promise<unknown> => {
  const pool = openPool(db.database.url, 1);
  const answer = await new Authenticator(pool).authenticate({ authorization: `Bearer ${key}`, address });
  await pool.end();
  return 'caller' in answer ? answer.caller : answer.refused;
};

test('a caller as a person adds, changes, rotates and revokes it, and what is kept of that', async () => {
  const pem = fileURLToPath(new URL('../ingest/client-certificate.pem', import.meta.url));
  const added = await add('shop', {
    address: ['192.0.2.7/24', '2001:db8::1'],
    rate: '2.5',
    certificate: pem,
    tier: 'critical',
  });
  const key = keyOf(added);
  expect(added.text.split('\n')).toEqual([
    'Added: shop (critical) may push to acme/*.',
    'Its key, which is shown this once and kept nowhere:',
    `  ${key}`,
    'The caller sends it as `Authorization: Bearer KEY`; every process knows it after two seconds.',
  ]);
  expect(await ask(key)).toBe('certificate');
  expect((await list('shop')).text).toContain('\n  from 192.0.2.0/24, 2001:db8::1/128\n');
  await ran({ certificate: false as const, scope: ['acme/payments'], tier: 'bulk' }, (context) =>
    callersChange({ ...context, name: 'shop' }),
  );
  expect(await ask(key)).toEqual({ id: 'shop', tier: 'bulk', scopes: ['acme/payments'] });
  expect(await ask(key, '198.51.100.1')).toBe('address');
  await ran({ address: false as const }, (context) => callersChange({ ...context, name: 'shop' }));
  expect(await ask(key, '198.51.100.1')).toMatchObject({ id: 'shop' });

  const rotated = await rotate('shop', '1h');
  expect(rotated.text).toMatch(
    new RegExp(`The key ${key.split('_')[1]} ends at \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC\\.$`),
  );
  expect((await list('shop')).text).toMatch(
    /key [0-9a-f]{16} of .* UTC, never used\n +key [0-9a-f]{16} of .*, ends \d{4}/,
  );
  await revoke('shop', key.split('_')[1]);
  expect([await ask(key), await ask(keyOf(rotated))]).toMatchObject(['revoked', { id: 'shop' }]);
  expect((await revoke('shop')).text).toContain('Revoked: shop with all of its keys.');
  expect(await ask(keyOf(rotated))).toBe('revoked');
  expect((await list()).text).not.toContain('shop');
  expect((await list(undefined, true)).text).toMatch(/shop .* revoked \d{4}/);

  const audit = await readAudit(db.pool, { kind: 'caller', subject: 'shop' }, 20);
  expect(audit.map(({ action }) => action).toReversed()).toEqual([
    'added',
    'changed',
    'changed',
    'rotated',
    'revoked',
    'revoked',
  ]);
  expect(new Set(audit.map(({ by, reason: why }) => `${by}: ${why}`))).toEqual(new Set([`${whoami()}: ticket 7`]));
  expect(JSON.stringify(audit)).not.toContain(key.split('_').slice(2).join('_'));
});

test('limits of a caller and of a tier, for a time and until they are set anew', async () => {
  await add('dump', { tier: 'bulk' });
  expect((await limit('dump', { rate: '3', burst: '30' })).text).toBe(
    'dump: 3/s, burst 30, 5,000,000 a day from the next request on.',
  );
  expect((await limit('dump', { daily: '10', for: '1h' })).text).toMatch(
    /^dump: 3\/s, burst 30, 10 a day from the next request on, until \d{4}-.* UTC\.$/,
  );
  expect((await limit('dump', { reset: true })).json).toMatchObject({
    own: {},
    override: null,
    limits: { burst: 500 },
  });
  expect((await limit(undefined, { tier: 'bulk', rate: '70', daily: 'none' })).text).toBe(
    'bulk: 70/s, burst 500, no quota, for callers without limits of their own, from the next request on.',
  );
  expect((await list('dump')).json).toMatchObject({ limits: { rate: 70, burst: 500, daily: null }, usedToday: 0 });
  expect(await readAudit(db.pool, { kind: 'tier', subject: 'bulk' }, 5)).toMatchObject([
    { action: 'limited', detail: { rate: 70, daily: null }, by: whoami() },
  ]);
});

test('a caller and an address are blocked and unblocked', async () => {
  const key = keyOf(await add('noisy'));
  expect((await block('noisy')).text).toContain('Blocked: noisy, until `syncline callers unblock noisy`.');
  expect(await ask(key)).toBe('blocked');
  expect((await list()).text).toMatch(/noisy .* blocked/);
  expect((await list('noisy')).text).toContain(`blocked by ${whoami()}: ticket 7`);
  expect((await unblock('noisy')).text).toBe(
    `Served again after two seconds: noisy, which ${whoami()} had blocked: ticket 7`,
  );
  expect((await unblock('noisy')).text).toBe('noisy was not blocked.');
  expect((await block('2001:db8::5', { for: '1h' })).text).toContain('Blocked: 2001:db8:0:0::/64, until ');
  expect((await list()).text).toContain(`Blocked: 2001:db8:0:0::/64 by ${whoami()}: ticket 7, until `);
  expect(await ask(key, '2001:db8::99')).toBe('blocked');
  expect((await unblock('2001:db8:0:0::/64')).text).toContain('Served again');
  expect(await ask(key, '2001:db8::99')).toMatchObject({ id: 'noisy' });
});

test('the command itself, as a script calls it', async () => {
  const { code, stdout, stderr } = await runSyncline(
    ['callers', 'add', 'script', '--scope', 'acme/a', 'globex/*', '--reason', 'a test', '--json'],
    env(),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    id: 'script',
    tier: 'normal',
    scopes: ['acme/a', 'globex/*'],
    addresses: null,
  });
  expect((await add('another', { scope: ['acme/a', 'globex/*'] })).text).toContain(
    `CAUTION: ${folder.path} has no definition of globex.`,
  );
  const refused = await runSyncline(['callers', 'revoke', 'script'], env());
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("required option '--reason <text>'") });
});

describe('what is not understood', () => {
  test.each<[string, () => Promise<Said>, RegExp]>([
    ['a name with spaces', () => add('my shop'), /expected a name of small letters/],
    ['a name that is taken', () => add('noisy'), /there is a caller noisy/],
    [
      'a scope without a stream',
      () => add('x', { scope: ['acme'] }),
      /--scope: expected PARTNER\/STREAM or PARTNER\/\*, found "acme"/,
    ],
    ['a pattern in a scope', () => add('x', { scope: ['acme/pay*'] }), /--scope: expected/],
    [
      'a tier that there is not',
      () => add('x', { tier: 'gold' }),
      /--tier: expected critical, normal, bulk, found "gold"/,
    ],
    [
      'a network that is none',
      () => add('x', { address: ['192.0.2.0/64'] }),
      /--address: expected an address or a network/,
    ],
    ['a certificate that is none', () => add('x', { certificate: 'none.pem' }), /--certificate: expected the SHA-256/],
    [
      'a rate of nothing',
      () => add('x', { rate: '0' }),
      /--rate: expected units per second, a number above 0, found "0"/,
    ],
    ['half a burst', () => add('x', { burst: '1.5' }), /--burst: expected a whole number above 0/],
    [
      'an empty reason',
      () =>
        said(readConfig(env()), { reason: ' ', scope: ['acme/*'], tier: 'normal' }, (context) =>
          callersAdd({ ...context, name: 'x' }),
        ),
      /--reason: expected why/,
    ],
    [
      'nothing to change',
      () => ran({}, (context) => callersChange({ ...context, name: 'noisy' })),
      /expected what to change/,
    ],
    ['nobody to list', () => list('nobody'), /there is no caller nobody/],
    [
      'nobody to block',
      () => ran({}, (context) => callersBlock({ ...context, subject: 'nobody' })),
      /there is no caller nobody/,
    ],
    ['a time without end', () => rotate('noisy', 'ever'), /--overlap: expected a duration/],
    ['neither caller nor tier', () => limit(undefined, { rate: '1' }), /expected the name of a caller, or --tier/],
    [
      'a caller and a tier',
      () => limit('noisy', { rate: '1', tier: 'bulk' }),
      /expected the name of a caller, or --tier/,
    ],
    ['no limit', () => limit('noisy', {}), /expected a limit to set/],
    ['a limit and none', () => limit('noisy', { reset: true, rate: '1' }), /--reset takes the limits of the tier/],
    [
      'a tier for a time',
      () => limit(undefined, { tier: 'bulk', rate: '1', for: '1h' }),
      /--for and --reset are for a caller/,
    ],
    ['a caller without a quota', () => limit('noisy', { daily: 'none' }), /--daily none is for a tier/],
  ])('%s', async (_, run, says) => {
    const refusal: unknown = await run().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InvalidInput);
    expect((refusal as InvalidInput).message).toMatch(says);
  });
});
