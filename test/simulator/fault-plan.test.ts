import { expect, test } from '@jest/globals';
import { fault } from '../../simulator/fault.ts';
import type { FaultInput } from '../../simulator/fault.ts';
import { createFaultPlan } from '../../simulator/fault-plan.ts';

const cases: [Partial<FaultInput>, readonly number[]][] = [
  [{}, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ nth: 3 }, [3]],
  [{ nth: [1, 4] }, [1, 4]],
  [{ every: 3 }, [3, 6]],
  [{ after: 6 }, [7, 8]],
  [{ times: 2 }, [1, 2]],
  [{ after: 2, every: 2, times: 2 }, [4, 6]],
  [{ probability: 0 }, []],
  [{ probability: 1, nth: 5 }, [5]],
];
test.each(cases)('%j fires on requests %j', (when, expected) => {
  const plan = createFaultPlan([fault.parse({ kind: 'hang', ...when })], 1);
  const fired = Array.from({ length: 8 }, (_, n) =>
    plan.next({ stream: 'payments', path: '/' }).length > 0 ? n + 1 : 0,
  );
  expect(fired.filter((n) => n > 0)).toEqual(expected);
  expect(plan.uses()).toMatchObject([{ seen: 8, fired: expected.length }]);
});

test('only requests of its stream and path are counted', () => {
  const plan = createFaultPlan([fault.parse({ kind: 'hang', stream: 'refunds', path: '/v1/refunds', nth: 2 })], 1);
  const ask = (stream: 'refunds' | 'payments', path: string) => plan.next({ stream, path }).length;
  expect([
    ask('refunds', '/v1/refunds'),
    ask('payments', '/v1/refunds'),
    ask('refunds', '/v1/x'),
    ask('refunds', '/v1/refunds'),
  ]).toEqual([0, 0, 0, 1]);
});
