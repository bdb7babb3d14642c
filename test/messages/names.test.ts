import { expect, test } from '@jest/globals';
import { assert, constant, oneof, pre, property, stringMatching } from 'fast-check';
import { namesOf, namesOfQueue, plainNames, reserved } from '../../messages/names.ts';

const name = stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const installation = oneof(constant(''), stringMatching(/^[a-z][a-z0-9]{0,5}$/)).filter(
  (text) => !(reserved as readonly string[]).includes(text),
);

const namesUsed = (of: string, partner: string, stream: string): readonly string[] => {
  const names = namesOf(of);
  const run = { partner, stream, window: '2026-11-24', generation: 2 };
  const backfill = { ...run, range: 'all', chunk: '1d', zone: 'Europe/Berlin' };
  return [
    names.workflowQueue,
    names.partnerQueue(partner),
    names.partnerSyncId(run),
    names.streamSyncId(run),
    names.governorId(partner),
    names.rebuildId({ target: partner, partner, stream }),
    names.backfillId(backfill),
    names.scheduleId({ partner, name: stream }),
    names.scheduledRunId({ partner, name: stream }),
  ];
};

test('two installations share no id and no task queue, whatever their partners are called', () => {
  assert(
    property(installation, installation, name, name, name, (one, other, a, b, c) => {
      pre(one !== other);
      const taken = new Set(namesUsed(one, a, b));
      expect(namesUsed(other, b, c).filter((each) => taken.has(each))).toEqual([]);
      expect(namesUsed(other, a, b).filter((each) => taken.has(each))).toEqual([]);
    }),
  );
});

test('the queue of its workflows tells the installation, and a sync id its partner', () => {
  assert(
    property(installation, name, name, (of, partner, stream) => {
      const names = namesOf(of);
      expect(namesOfQueue(names.workflowQueue).installation).toBe(of);
      const run = { partner, stream, window: '2026-11-24', generation: 1 };
      expect(names.partnerOfId(names.streamSyncId(run))).toBe(partner);
    }),
  );
});

test('an installation without a name is called what it always was', () => {
  const run = { partner: 'acme', stream: 'payments', window: '2026-11-24', generation: 1 };
  expect(plainNames.streamSyncId(run)).toBe('sync/acme/payments/2026-11-24');
  expect(plainNames.partnerSyncId({ ...run, generation: 2 })).toBe('sync/acme/2026-11-24/g2');
  expect([plainNames.workflowQueue, plainNames.partnerQueue('acme')]).toEqual(['syncline', 'partner.acme']);
  expect(namesOf('blue').targetSchema('acme')).toBe('blue_acme');
});
