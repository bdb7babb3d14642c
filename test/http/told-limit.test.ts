import { expect, test } from '@jest/globals';
import type { ToldLimit } from '../../core/call.ts';
import type { ErrorRule } from '../../definitions/definition.ts';
import { classify } from '../../http/classify.ts';
import { toldLimit } from '../../http/told-limit.ts';

const nowMs = Date.parse('2026-11-24T03:00:00Z');

function told(
  status: number,
  headers: Readonly<Record<string, string>>,
  rules: readonly ErrorRule[] = [],
): ToldLimit | null {
  const verdict = classify({ status, headers, text: '', rules, canRefresh: false, nowMs, maxWaitMs: 60_000 });
  return toldLimit({ status, headers, verdict, nowMs });
}

const usedUp = { ratelimit: '"default";r=0;t=30' };
const wait = (seconds: number): ToldLimit => ({ kind: 'wait', waitMs: seconds * 1000 });

test.each<[what: string, status: number, headers: Record<string, string>, ToldLimit | null]>([
  ['a good answer that says nothing', 200, {}, null],
  ['with something left', 200, { ratelimit: '"default";r=3;t=30' }, null],
  ['with nothing left', 200, usedUp, { kind: 'used-up', waitMs: 30_000 }],
  ['that asks to wait', 200, { 'retry-after': '7' }, wait(7)],
  ['that asks to wait until a time', 200, { 'retry-after': 'Tue, 24 Nov 2026 03:00:09 GMT' }, wait(9)],
  ['that asks for no wait', 200, { 'retry-after': '0' }, null],
  ['an export that is not ready', 202, { 'retry-after': '7' }, null],
  ['a redirect', 302, { 'retry-after': '7' }, null],
  ['an error that asks to wait', 500, { 'retry-after': '7' }, wait(7)],
  ['a refusal with a time', 429, { 'retry-after': '7' }, wait(7)],
  ['a refusal with a time in other headers', 429, usedUp, wait(30)],
  ['a refusal without any', 429, {}, { kind: 'nothing', waitMs: null }],
  ['a refusal by 503', 503, { 'retry-after': '7' }, wait(7)],
  ['a refusal by 503 without a time', 503, {}, { kind: 'nothing', waitMs: null }],
  ['headers of a name that many use otherwise', 200, { 'x-ratelimit-remaining': '0' }, null],
])('%s', (_, status, headers, expected) => {
  expect(told(status, headers)).toEqual(expected);
});

test('a good answer that a rule of the definition calls a refusal', () => {
  const rules: readonly ErrorRule[] = [{ status: 200, header: { name: 'x-throttled' }, action: 'throttled' }];
  expect(told(200, { 'x-throttled': '1' }, rules)).toEqual({ kind: 'nothing', waitMs: null });
  expect(told(200, { 'x-throttled': '1', 'retry-after': '3' }, rules)).toEqual(wait(3));
});
