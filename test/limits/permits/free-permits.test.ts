import { expect, jest, test } from '@jest/globals';
import type { Pool } from 'pg';
import type { PermitLapsed } from '../../../core/departure.ts';
import { MINUTE } from '../../../core/duration.ts';
import { limits as limitsSchema } from '../../../definitions/definition.ts';
import type { GrantedPermit, Limiter, Permit } from '../../../limits/permits/limiter.ts';
import { postgresLimiter } from '../../../limits/permits/postgres-limiter.ts';
import { usePool } from '../../support/use-pool.ts';

const db = usePool(4);

const noLimits = limitsSchema.parse({});
let questions = 0;
const limiterOf = (credential: string): Limiter =>
  postgresLimiter(counted(db.pool), { partner: 'acme', credential, limits: noLimits, leaseMs: MINUTE });
/** The same pool, and how often it is asked. */
const counted = (asked: Pool): Pool =>
  new Proxy(asked, {
    get: (target, name) => {
      if (name === 'query') questions += 1;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
const granted = (permit: Permit): GrantedPermit => {
  if (!permit.granted) throw new Error(`refused: ${permit.cause}`);
  return permit;
};
/** What becomes of a request that is ready now. */
const depart = ({ departure }: GrantedPermit): PermitLapsed | 'sent' => {
  let became: PermitLapsed | 'sent' | undefined;
  departure?.ready(
    () => (became = 'sent'),
    (why) => (became = why),
  );
  if (became === undefined) throw new Error('neither sent nor turned back');
  return became;
};

/** The monotonic clock stands still, and goes on as it is told. */
function stoppedClock(): { pass: (ms: number) => void; restore: () => void } {
  let nowMs = performance.now();
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
  return { pass: (ms) => (nowMs += ms), restore: () => clock.mockRestore() };
}

test('a permit that was asked for at the head of an answer is given without another question', async () => {
  const limiter = limiterOf('ahead');
  const first = granted(await limiter.ask());
  const clock = stoppedClock();
  first.departure?.onAnswer(200);
  const before = questions;
  const second = await limiter.ask();
  clock.restore();
  expect(second).toMatchObject({ granted: true });
  expect(questions).toBe(before);
  await limiterOf('ahead').block(MINUTE, 'elsewhere');
  // Once only.
  expect(await limiter.ask()).toMatchObject({ granted: false, cause: 'elsewhere' });
});

test('it is no good when the answer told of a limit, was refused, or is long ago', async () => {
  const told = limiterOf('told');
  const first = granted(await told.ask());
  first.departure?.onAnswer(200);
  await first.answered?.({
    quotas: [
      {
        policy: 'minute',
        unit: 'requests',
        limit: 10,
        remaining: 0,
        resetInMs: MINUTE,
        source: 'a header',
        confidence: 'declared',
      },
    ],
    cost: undefined,
  });
  expect(await told.ask()).toMatchObject({ granted: false });

  const refused = limiterOf('refused');
  granted(await refused.ask()).departure?.onAnswer(429);
  await limiterOf('refused').block(MINUTE, 'elsewhere');
  expect(await refused.ask()).toMatchObject({ granted: false, cause: 'elsewhere' });

  const late = limiterOf('late');
  const clock = stoppedClock();
  granted(await late.ask()).departure?.onAnswer(200);
  await limiterOf('late').block(MINUTE, 'elsewhere');
  clock.pass(80);
  const asked = await late.ask();
  clock.restore();
  expect(asked).toMatchObject({ granted: false, cause: 'elsewhere' });
});

test('a request that is ready when a block begins is turned back, until the block is lifted', async () => {
  const limiter = limiterOf('blocked');
  const before = granted(await limiter.ask());
  await limiter.block(MINUTE, 'too many');
  expect(depart(before)).toMatchObject({ name: 'PermitLapsed' });
  await db.pool.query(`update credentials set blocked_until = null where credential = 'blocked'`);
  expect(depart(granted(await limiter.ask()))).toBe('sent');
});
