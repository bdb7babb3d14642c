import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { applyChange, catchUpSchedule, pauseSchedule, triggerSchedule } from '../../client/schedules.ts';
import { plainNames } from '../../messages/names.ts';
import { declaredSchedule } from '../support/declared-schedule.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { testTemporal, type TestTemporal } from '../support/temporal.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await testTemporal();
});
afterAll(() => temporal.close());

test('a pause holds, whatever is ordered of its schedule at the same time and right after it', async () => {
  const client = new Client({ connection: temporal.connection, namespace: await freshNamespace() });
  const partners = Array.from({ length: 12 }, (_, at) => `p${at}`);
  const paused = await Promise.all(
    partners.map(async (partner) => {
      const of = { partner, name: 'nightly' };
      const id = plainNames.scheduleId(of);
      await applyChange(client, plainNames, { kind: 'create', id, to: declaredSchedule(partner) });
      // The first order of a new schedule waits until its workflow has begun: so long another one can take its place.
      await Promise.all([pauseSchedule(client, plainNames, of, 'by hand'), triggerSchedule(client, plainNames, of)]);
      await pauseSchedule(client, plainNames, of, 'once more');
      await catchUpSchedule(client, plainNames, of, {
        from: new Date('2026-03-27T12:00:00Z'),
        to: new Date('2026-03-28T12:00:00Z'),
      });
      const { state } = await client.schedule.getHandle(id).describe();
      return state;
    }),
  );
  expect(paused).toEqual(partners.map(() => expect.objectContaining({ paused: true, note: 'once more' })));
});
