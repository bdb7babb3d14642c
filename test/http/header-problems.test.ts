import { expect, test } from '@jest/globals';
import { HOUR } from '../../core/duration.ts';
import { headerProblems } from '../../http/header-problems.ts';

test('each problem is said once an hour, a wait that was cut among them', () => {
  const said: unknown[] = [];
  const note = (fields: Readonly<Record<string, unknown>>): void => void said.push(fields['problem']);
  let nowMs = 0;
  const report = headerProblems({ log: { debug: () => {}, info: () => {}, warn: note }, partner: 'acme' }, () => nowMs);
  const seen = { profile: 'x-ratelimit', problems: ['a is no number', 'b is no time'], cut: false };
  report(seen);
  report(seen);
  expect(said).toEqual(['a is no number', 'b is no time']);
  report({ ...seen, problems: [], cut: true, waitSource: 'retry-after' });
  expect(said.slice(2)).toEqual(['retry-after asks for a longer wait than limits.maxWait']);
  nowMs = HOUR;
  report(seen);
  expect(said.slice(3)).toEqual(['a is no number', 'b is no time']);
});
