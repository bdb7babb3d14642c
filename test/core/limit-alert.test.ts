import { expect, test } from '@jest/globals';
import { describeAlert, levelReached } from '../../core/limit-alert.ts';

test.each([
  [399, 500, undefined],
  [400, 500, 80],
  [499.9, 500, 80],
  [500, 500, 100],
  [501, 500, 100],
  [0, 0.5, undefined],
])('%d of %d reaches level %s', (used, cap, level) => {
  expect(levelReached(used, cap)).toBe(level);
});

const nowMs = Date.UTC(2026, 10, 24, 23, 30);
const daily = {
  bucket: 'daily',
  used: 400,
  cap: 500,
  goneAtMs: Date.UTC(2026, 10, 25, 2, 10),
  resetsAtMs: Date.UTC(2026, 10, 25, 23),
  zone: 'Europe/Berlin',
  nowMs,
};

test('an alert says how much is used, when it is gone and when it comes back, in the zone of the reset', () => {
  expect(describeAlert(daily)).toBe(
    'daily: 80 % used (400 of 500); at this pace gone at 03:10, resets 00:00 Europe/Berlin',
  );
});
test('an alert without a forecast only says when it comes back', () => {
  expect(describeAlert({ ...daily, goneAtMs: undefined })).toBe(
    'daily: 80 % used (400 of 500); resets 00:00 Europe/Berlin',
  );
});
test('what is used up has no forecast', () => {
  expect(describeAlert({ ...daily, used: 500, goneAtMs: nowMs })).toBe(
    'daily: used up (500 of 500); resets 00:00 Europe/Berlin',
  );
});
test('a rolling window has no reset', () => {
  const { bucket, used, cap, goneAtMs } = { ...daily, bucket: 'hourly', used: 1234567.8, cap: 1500000 };
  expect(describeAlert({ bucket, used, cap, goneAtMs, resetsAtMs: undefined, zone: 'UTC', nowMs })).toBe(
    'hourly: 82 % used (1,234,567.8 of 1,500,000); at this pace gone at 02:10 UTC',
  );
});
test('what is more than a day away is said with its date', () => {
  expect(describeAlert({ ...daily, goneAtMs: undefined, resetsAtMs: Date.UTC(2026, 11, 1, 23) })).toBe(
    'daily: 80 % used (400 of 500); resets 2026-12-02 00:00 Europe/Berlin',
  );
});
