import { expect, test } from '@jest/globals';
import { HOUR } from '../../../core/duration.ts';
import { Desk, type Rest, type Sender } from '../../../limits/permits/desk.ts';
import { Line } from '../../../limits/permits/line.ts';

const request = { method: 'GET', url: 'http://partner', lane: 'normal', patienceMs: 2 * HOUR, departs: false } as const;
const waiting = { call: { method: 'GET', path: '/' } as never, cost: 1, charges: [] };

test('what changes during a round is looked at without a rest', async () => {
  const line = new Line();
  const rounds: ((rest: Rest | undefined) => void)[] = [];
  const sender: Sender = {
    pending: 0,
    round: () => new Promise((resolve) => rounds.push(resolve)),
    idle: async () => {},
    close: async () => {},
  };
  const desk = new Desk(line, sender);
  const permit = line.join(request, waiting);
  expect(rounds).toHaveLength(1);
  // A slot comes free while the database is still answering that there is none.
  desk.wake();
  rounds[0]?.({ waitMs: HOUR, cause: 'concurrency' });
  await new Promise(setImmediate);
  expect(rounds).toHaveLength(2);
  line.first(1)[0]?.refuse({ waitMs: 1, cause: 'the end of the test' });
  rounds[1]?.(undefined);
  expect(await permit).toMatchObject({ granted: false });
});
