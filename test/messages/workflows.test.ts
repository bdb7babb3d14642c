import { expect, test } from '@jest/globals';
import type { Workflows } from '../../messages/workflows.ts';
import * as workflows from '../../workflows/index.ts';

// The compiler checks here that each takes and gives what those who start it by its name expect.
const promised = workflows satisfies Workflows;
const names = {
  applyTarget: true,
  backfillStream: true,
  changeDuplicates: true,
  compareTarget: true,
  deliverAlert: true,
  exportTarget: true,
  findDuplicates: true,
  followHints: true,
  governPartner: true,
  prunePartner: true,
  rebuildTarget: true,
  reconcileStream: true,
  repairStream: true,
  retryStream: true,
  runJanitor: true,
  scheduledCompare: true,
  scheduledJoin: true,
  scheduledReconcile: true,
  scheduledSync: true,
  syncPartner: true,
  syncStream: true,
  watchAlerts: true,
} as const satisfies Record<keyof Workflows, true>;

test('workflows/index.ts has every workflow that messages/ promises, and no other', () => {
  expect(Object.keys(promised).toSorted()).toEqual(Object.keys(names));
});
