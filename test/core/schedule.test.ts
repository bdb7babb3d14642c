import { describe, expect, test } from '@jest/globals';
import {
  compareSchedules,
  PAUSED_BY_DEFINITION,
  type PresentSchedule,
  type SyncSchedule,
} from '../../core/schedule.ts';
import { declaredSchedule } from '../support/declared-schedule.ts';

const id = 'schedule/acme/nightly';
const declared = declaredSchedule();
const present = (more: Partial<PresentSchedule> = {}): PresentSchedule => ({
  id,
  declared,
  paused: false,
  note: null,
  ...more,
});
const compare = (to: Partial<SyncSchedule>, now: Partial<PresentSchedule> = {}) =>
  compareSchedules([{ ...declared, ...to, id }], [present(now)])[0];

describe('what is declared and what is there', () => {
  test('creates, removes and leaves alone', () => {
    const other = { ...declared, name: 'hourly', id: 'schedule/acme/hourly' };
    expect(
      compareSchedules([{ ...declared, id }, other], [present(), present({ id: 'schedule/gone/nightly' })]),
    ).toEqual([
      { kind: 'create', id: 'schedule/acme/hourly', to: { ...declared, name: 'hourly' } },
      { kind: 'unchanged', id, pausedByHand: null },
      { kind: 'remove', id: 'schedule/gone/nightly' },
    ]);
  });

  test('tells each field that changes', () => {
    expect(compare({ cron: ['0 4 * * *'], jitterMs: 60_000 })).toMatchObject({
      kind: 'update',
      pause: 'keep',
      fields: [
        { field: 'cron', from: ['30 3 * * *'], to: ['0 4 * * *'] },
        { field: 'jitterMs', from: 0, to: 60_000 },
      ],
    });
  });

  test('keeps a pause by a person, also while other things change', () => {
    const byHand = { paused: true, note: 'they move their data centre' };
    expect(compare({}, byHand)).toEqual({ kind: 'unchanged', id, pausedByHand: 'they move their data centre' });
    expect(compare({ timeZone: 'Europe/Berlin' }, byHand)).toMatchObject({ kind: 'update', pause: 'keep' });
  });

  test('follows a pause that the definition says, and its end', () => {
    expect(compare({ paused: true })).toMatchObject({
      kind: 'update',
      pause: 'pause',
      fields: [{ field: 'paused', from: false, to: true }],
    });
    expect(compare({}, { paused: true, note: PAUSED_BY_DEFINITION })).toMatchObject({
      kind: 'update',
      pause: 'resume',
    });
    expect(compare({ paused: true }, { paused: true, note: PAUSED_BY_DEFINITION })).toMatchObject({
      kind: 'unchanged',
    });
  });
});
