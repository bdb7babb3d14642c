import { beforeAll, describe, expect, test } from '@jest/globals';
import { mayPush } from '../../../core/caller.ts';
import { WarehouseUnavailable } from '../../../core/errors.ts';
import { Authenticator, type Credentials } from '../../../ingest/callers/authenticate.ts';
import { readAudit } from '../../../store/callers/audit.ts';
import { blockByPerson, unblock } from '../../../store/callers/blocks.ts';
import { addCaller, changeCaller, revokeCaller, type CallerTerms } from '../../../store/callers/change-callers.ts';
import { revokeKey, rotateKey } from '../../../store/callers/keys.ts';
import { openPool } from '../../../store/session/open-pool.ts';
import { usePool } from '../../support/use-pool.ts';

const db = usePool(3);
const person = { by: 'ann', reason: 'ticket 7' };
const FROM = '192.0.2.1';

/** A process that has read nothing yet. */
const ask = (key: string | undefined, more: Partial<Credentials> = {}): ReturnType<Authenticator['authenticate']> =>
  new Authenticator(db.pool).authenticate({
    authorization: key === undefined ? undefined : `Bearer ${key}`,
    address: FROM,
    ...more,
  });
const add = (id: string, terms: Partial<CallerTerms> = {}): Promise<string> =>
  addCaller(
    db.pool,
    { id, tier: 'normal', scopes: ['acme/*'], addresses: null, certificate: null, limits: {}, ...terms },
    person,
  );
const keyIdOf = (key: string): string => key.split('_')[1] as string;

let shop: string;
beforeAll(async () => {
  shop = await add('shop', { tier: 'critical', scopes: ['acme/payments', 'globex/*'] });
});

describe('a key', () => {
  test('says who its caller is', async () => {
    expect(await ask(shop)).toEqual({
      caller: { id: 'shop', tier: 'critical', scopes: ['acme/payments', 'globex/*'] },
      keyId: keyIdOf(shop),
    });
    expect(await ask(undefined, { authorization: `bearer  ${shop} ` })).toMatchObject({ caller: { id: 'shop' } });
  });

  test('is kept as a hash, and has 256 random bits', async () => {
    const [, , secret = ''] = /^(sl_[0-9a-f]{16})_(.{43})$/.exec(shop) ?? [];
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    const { rows } = await db.pool.query<{ all: string }>(
      `select string_agg(k::text, '') || (select string_agg(a::text, '') from caller_audit as a) as all from caller_keys as k`,
    );
    expect(rows[0]?.all).toContain(keyIdOf(shop));
    expect(rows[0]?.all).not.toContain(secret);
    expect(rows[0]?.all).not.toContain(Buffer.from(secret).toString('hex'));
  });

  test.each<[string, (other: string) => string | undefined, string]>([
    ['none', () => undefined, 'missing'],
    ['an empty one', () => '', 'missing'],
    ['no key of ours', () => 'hunter2', 'unknown'],
    [
      'a key with the secret of another',
      (other) => [...shop.split('_').slice(0, 2), ...other.split('_').slice(2)].join('_'),
      'unknown',
    ],
    [
      'a key with one character changed',
      () => `${shop.slice(0, -2)}${shop.at(-2) === 'A' ? 'B' : 'A'}${shop.at(-1)}`,
      'unknown',
    ],
    ['a key cut short', () => shop.slice(0, -1), 'unknown'],
    ['a key with more behind it', () => `${shop}A`, 'unknown'],
    ['an id that nobody has', () => `sl_${'0'.repeat(16)}_${shop.split('_').slice(2).join('_')}`, 'unknown'],
  ])('%s is refused', async (name, keyOf, refused) => {
    const other = await add(`other-${name.replaceAll(/\W/g, '')}`.toLowerCase());
    expect(await ask(keyOf(other))).toEqual({ refused });
  });

  test('goes on beside a new one until its end, and no more than two are valid', async () => {
    const first = await add('rotates');
    const { key: second, ending } = await rotateKey(db.pool, { caller: 'rotates', overlapMs: 60_000 }, person);
    expect(ending.map(({ keyId }) => keyId)).toEqual([keyIdOf(first)]);
    expect([await ask(first), await ask(second)]).toMatchObject([
      { caller: { id: 'rotates' } },
      { keyId: keyIdOf(second) },
    ]);
    const { key: third } = await rotateKey(db.pool, { caller: 'rotates', overlapMs: 60_000 }, person);
    expect(await Promise.all([first, second, third].map((key) => ask(key)))).toMatchObject([
      { refused: 'revoked' },
      { keyId: keyIdOf(second) },
      { keyId: keyIdOf(third) },
    ]);
    await rotateKey(db.pool, { caller: 'rotates', overlapMs: 0 }, person);
    await expect(revokeKey(db.pool, { caller: 'rotates', keyId: keyIdOf(third) }, person)).rejects.toThrow(
      `rotates has no valid key ${keyIdOf(third)}`,
    );
    expect(await ask(third)).toEqual({ refused: 'revoked' });
  });

  test('that is revoked alone leaves the other one; a caller that is revoked leaves none, and its name is gone', async () => {
    const first = await add('leaves');
    const { key: second } = await rotateKey(db.pool, { caller: 'leaves', overlapMs: 60_000 }, person);
    await revokeKey(db.pool, { caller: 'leaves', keyId: keyIdOf(first) }, person);
    expect([await ask(first), await ask(second)]).toMatchObject([{ refused: 'revoked' }, { keyId: keyIdOf(second) }]);
    await revokeCaller(db.pool, 'leaves', person);
    expect(await ask(second)).toEqual({ refused: 'revoked' });
    await expect(add('leaves')).rejects.toThrow(/the caller leaves was revoked at .*choose another one/);
    await expect(rotateKey(db.pool, { caller: 'leaves', overlapMs: 0 }, person)).rejects.toThrow('was revoked at');
    await expect(revokeCaller(db.pool, 'nobody', person)).rejects.toThrow('there is no caller nobody');
  });
});

test('a process remembers its callers for two seconds at most, and reads them again behind the answer before', async () => {
  const key = await add('cached');
  let nowMs = 1000;
  const process = new Authenticator(db.pool, { now: () => nowMs });
  const asked = (): ReturnType<Authenticator['authenticate']> =>
    process.authenticate({ authorization: `Bearer ${key}`, address: FROM });
  expect(await asked()).toMatchObject({ caller: { id: 'cached' } });
  await revokeCaller(db.pool, 'cached', person);
  nowMs += 999;
  expect(await asked()).toMatchObject({ caller: { id: 'cached' } });
  nowMs += 1001;
  expect(await asked()).toEqual({ refused: 'revoked' });
  const lost = openPool('postgres://nobody@127.0.0.1:1/none');
  await expect(new Authenticator(lost).authenticate({ authorization: `Bearer ${key}`, address: FROM })).rejects.toThrow(
    WarehouseUnavailable,
  );
  await lost.end();
});

describe('a caller', () => {
  test('is served from the networks that it named', async () => {
    const key = await add('office', { addresses: ['198.51.100.0/24', '2001:db8:7::/48'] });
    const from = ['198.51.100.77', '::ffff:198.51.100.77', '2001:db8:7::1', '198.51.101.1', '2001:db8:8::1', 'unknown'];
    const answers = await Promise.all(from.map((address) => ask(key, { address })));
    expect(answers.map((answer) => ('caller' in answer ? 'served' : answer.refused))).toEqual([
      'served',
      'served',
      'served',
      'address',
      'address',
      'address',
    ]);
    await changeCaller(db.pool, 'office', { addresses: null }, person);
    expect(await ask(key, { address: '198.51.101.1' })).toMatchObject({ caller: { id: 'office' } });
  });

  test('that needs a certificate is served with that one alone, beside its key', async () => {
    const certificate = 'ab'.repeat(32);
    const key = await add('mutual', { certificate });
    const shown = { fingerprint256: certificate.toUpperCase().replaceAll(/..(?=.)/g, '$&:') };
    expect(await ask(key)).toEqual({ refused: 'certificate' });
    expect(await ask(key, { certificate: { fingerprint256: 'cd'.repeat(32) } })).toEqual({ refused: 'certificate' });
    expect(await ask(key, { certificate: shown })).toMatchObject({ caller: { id: 'mutual' } });
    expect(await ask(undefined, { certificate: shown })).toEqual({ refused: 'missing' });
  });

  test('that a person blocks waits until the end, or until a person ends it', async () => {
    const key = await add('noisy');
    await blockByPerson(db.pool, { kind: 'caller', subject: 'noisy', forMs: 90_000 }, person);
    expect(await ask(key)).toEqual({ refused: 'blocked', retryAfterS: expect.closeTo(90, -2) });
    await blockByPerson(db.pool, { kind: 'caller', subject: 'noisy', forMs: null }, person);
    expect(await ask(key)).toEqual({ refused: 'blocked' });
    expect(await unblock(db.pool, { kind: 'caller', subject: 'noisy' }, person)).toMatchObject({ cause: 'ticket 7' });
    expect(await ask(key)).toMatchObject({ caller: { id: 'noisy' } });
    expect(
      (await readAudit(db.pool, { kind: 'caller', subject: 'noisy' }, 10)).map(({ action, by }) => [action, by]),
    ).toEqual([
      ['unblocked', 'ann'],
      ['blocked', 'ann'],
      ['blocked', 'ann'],
      ['added', 'ann'],
    ]);
  });

  test.each([
    ['acme/*', 'acme', 'payments', true],
    ['acme/payments', 'acme', 'payments', true],
    ['acme/payments', 'acme', 'payment', false],
    ['acme/*', 'acme2', 'payments', false],
    ['acme/payments', 'globex', 'payments', false],
  ])('with %s may push to %s/%s: %s', (scope, partner, stream, may) => {
    expect(mayPush({ scopes: [scope] }, partner, stream)).toBe(may);
  });
});
