import { describe, expect, test } from '@jest/globals';
import type { CallerTier } from '../../../core/caller.ts';
import { callerKeyText, newCallerKey } from '../../../core/caller-key.ts';
import { MINUTE } from '../../../core/duration.ts';
import { Authenticator, type Authenticated, type Door } from '../../../ingest/callers/authenticate.ts';
import { LeakyCounts } from '../../../ingest/callers/leaky-counts.ts';
import { defaultMisuse, Misuse } from '../../../ingest/callers/misuse.ts';
import { readAudit } from '../../../store/callers/audit.ts';
import { readBlocks, unblock } from '../../../store/callers/blocks.ts';
import { addCaller, revokeCaller } from '../../../store/callers/change-callers.ts';
import { eventually } from '../../support/eventually.ts';
import { usePool } from '../../support/use-pool.ts';

const db = usePool(3);
const person = { by: 'ann', reason: 'a test' };
const terms = { tier: 'normal' as CallerTier, scopes: ['acme/*'], addresses: null, certificate: null, limits: {} };
const add = (id: string): Promise<string> => addCaller(db.pool, { id, ...terms }, person);

const said = (answer: Authenticated): string => ('caller' in answer ? answer.caller.id : answer.refused);
const askFrom =
  (door: Authenticator) =>
  async (address: string, key = callerKeyText(newCallerKey())): Promise<string> =>
    said(await door.authenticate({ authorization: `Bearer ${key}`, address }));
const inTurn = async <T>(n: number, ask: (i: number) => Promise<T>): Promise<readonly T[]> => {
  const answers: T[] = [];
  for (let i = 0; i < n; i++) answers.push(await ask(i));
  return answers;
};
const isBlocked = (subject: string): Promise<boolean> =>
  eventually(async () => (await readBlocks(db.pool)).some((block) => block.subject === subject));

/** A process for which no time passes, and what it has counted. */
function doorOf(change: Door = {}): { readonly door: Authenticator; readonly counted: string[] } {
  const counted: string[] = [];
  const metrics: Door['metrics'] = {
    refused: (why) => void counted.push(why),
    limited: () => {},
    nearQuota: () => {},
    blocked: (cause, caller) => void counted.push(`blocked ${caller ?? 'source'}: ${cause}`),
  };
  return { door: new Authenticator(db.pool, { metrics, now: () => 0, ...change }), counted };
}

describe('whoever guesses keys', () => {
  test('is blocked after thirty, in every process; callers of the same address and other addresses are served', async () => {
    const shop = await add('shop');
    const { door, counted } = doorOf();
    const ask = askFrom(door);
    expect(new Set(await inTurn(30, () => ask('192.0.2.1')))).toEqual(new Set(['unknown']));
    expect([await ask('192.0.2.1'), await ask('192.0.2.1')]).toEqual(['unknown', 'blocked']);
    expect([await ask('192.0.2.1', shop), await ask('192.0.2.2'), await ask('192.0.2.2', shop)]).toEqual([
      'shop',
      'unknown',
      'shop',
    ]);
    expect(counted.filter((what) => what !== 'unknown')).toEqual(['blocked source: unknown keys', 'blocked']);
    expect(await isBlocked('192.0.2.1')).toBe(true);
    const other = await doorOf().door.authenticate({ authorization: 'Bearer guess', address: '192.0.2.1' });
    expect(other).toEqual({ refused: 'blocked', retryAfterS: expect.closeTo(600, -2) });
    expect(await unblock(db.pool, { kind: 'address', subject: '192.0.2.1' }, person)).toMatchObject({ by: null });
    expect(await askFrom(doorOf().door)('192.0.2.1')).toBe('unknown');
  });

  test('does so from a whole network of IPv6, or with a key that has ended', async () => {
    const old = await add('old');
    await revokeCaller(db.pool, 'old', person);
    const ask = askFrom(doorOf().door);
    expect(await inTurn(31, (i) => ask(`2001:db8::${i}`, i % 2 === 0 ? old : undefined))).toContain('revoked');
    expect([await ask('2001:db8:0:0:1::'), await ask('2001:db8:0:1::')]).toEqual(['blocked', 'unknown']);
  });

  test('no key is no guess', async () => {
    const { door } = doorOf();
    const asked = await inTurn(100, () => door.authenticate({ authorization: undefined, address: '192.0.2.3' }));
    expect(new Set(asked.map(said))).toEqual(new Set(['missing']));
  });
});

test('an address with too many callers is blocked for all of them', async () => {
  const keys = await inTurn(4, (i) => add(`many-${i}`));
  const { door, counted } = doorOf({
    misuse: { ...defaultMisuse, callersOfSource: { most: 3, perMs: MINUTE, blockMs: 30_000 } },
  });
  const ask = askFrom(door);
  expect(await inTurn(9, (i) => ask('192.0.2.4', keys[i % 3]))).not.toContain('blocked');
  expect([await ask('192.0.2.4', keys[3]), await ask('192.0.2.4', keys[0])]).toEqual(['many-3', 'blocked']);
  expect(await ask('192.0.2.5', keys[0])).toBe('many-0');
  expect(counted).toEqual(['blocked source: many callers', 'blocked']);
  expect(await isBlocked('192.0.2.4')).toBe(true);
  expect(await askFrom(doorOf().door)('192.0.2.4', keys[1])).toBe('blocked');
});

test('a caller whose requests are wrong again and again is blocked for a minute, and the audit says so', async () => {
  const key = await add('wrong');
  const { door, counted } = doorOf();
  const ask = askFrom(door);
  expect(await ask('192.0.2.6', key)).toBe('wrong');
  for (let i = 0; i < 199; i++) door.answered('wrong', 422);
  expect(await ask('192.0.2.6', key)).toBe('wrong');
  door.answered('wrong', 400);
  expect(await ask('192.0.2.6', key)).toBe('blocked');
  expect(counted).toEqual(['blocked wrong: too many errors', 'blocked']);
  expect(await isBlocked('wrong')).toBe(true);
  expect(await doorOf().door.authenticate({ authorization: `Bearer ${key}`, address: '192.0.2.6' })).toEqual({
    refused: 'blocked',
    retryAfterS: expect.closeTo(60, -2),
  });
  expect((await readAudit(db.pool, { kind: 'caller', subject: 'wrong' }, 1))[0]).toMatchObject({
    action: 'blocked',
    by: null,
    reason: 'too many errors',
  });
});

const found = (statuses: readonly number[], apartMs = 0): readonly string[] => {
  const misuse = new Misuse();
  return statuses.flatMap((status, i) => misuse.answered('shop', status, i * apartMs)?.cause ?? []);
};
const times = (n: number, status: number): readonly number[] => Array.from({ length: n }, () => status);

describe('of what a caller is answered', () => {
  test.each<[string, readonly number[], number, readonly string[]]>([
    ['errors of which a fifth is served', [...times(60, 202), ...times(240, 422)], 0, []],
    ['more errors than that', [...times(50, 202), ...times(250, 422)], 0, ['too many errors']],
    ['few errors', times(199, 400), 0, []],
    ['errors that come one in two seconds', times(1000, 400), 2000, []],
    ['faults of ours', times(10_000, 503), 0, []],
    ['conflicts and slow bodies', [...times(500, 409), ...times(500, 408)], 0, []],
    ['refusals by its limits', times(10_000, 429), 0, []],
    ['a loop that tries again at once', times(10_001, 429), 0, ['too many refused']],
    ['one refusal in ten milliseconds, for minutes', times(40_000, 429), 10, []],
  ])('%s', (_, statuses, apartMs, causes) => {
    expect(found(statuses, apartMs)).toEqual(causes);
  });
});

test('sources are counted apart, those that are quiet the longest are forgotten, and counts leak away', () => {
  const counts = new LeakyCounts({ most: 2, perMs: 1000 });
  expect([counts.add('a', 0), counts.add('a', 0), counts.add('b', 0), counts.add('a', 0), counts.add('a', 0)]).toEqual([
    false,
    false,
    false,
    true,
    false,
  ]);
  expect(Array.from({ length: 50 }, (_, i) => counts.add('c', i * 500))).not.toContain(true);
  counts.add('d', 0);
  counts.add('d', 0);
  for (let i = 0; i < 20_000; i++) counts.add(`flood ${i}`, 0);
  expect(counts.add('d', 0)).toBe(false);
});
