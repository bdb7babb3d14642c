import { describe, expect, test } from '@jest/globals';
import { classify } from '../../http/classify.ts';
import type { ClassifyInput } from '../../http/classify.ts';
import { errorRule } from '../../definitions/definition.ts';

const nowMs = Date.parse('2026-11-24T10:00:00Z');
const verdict = (input: Partial<ClassifyInput>) =>
  classify({ status: 200, headers: {}, text: '', rules: [], canRefresh: false, nowMs, maxWaitMs: 3_600_000, ...input });
const rule = (input: unknown) => errorRule.parse(input);

describe('classify', () => {
  test.each([
    [200, 'ok'],
    [202, 'retry'],
    [204, 'ok'],
    [206, 'ok'],
    [301, 'giveUp'],
    [304, 'ok'],
    [307, 'giveUp'],
    [400, 'giveUp'],
    [401, 'attention'],
    [402, 'attention'],
    [403, 'attention'],
    [404, 'giveUp'],
    [405, 'giveUp'],
    [408, 'retry'],
    [409, 'retry'],
    [410, 'giveUp'],
    [418, 'giveUp'],
    [422, 'giveUp'],
    [425, 'retry'],
    [429, 'throttled'],
    [451, 'attention'],
    [500, 'retry'],
    [501, 'giveUp'],
    [502, 'retry'],
    [503, 'throttled'],
    [504, 'retry'],
    [599, 'retry'],
    [999, 'giveUp'],
  ] as const)('%i → %s', (status, action) => {
    expect(verdict({ status }).action).toBe(action);
  });

  test('a 401 renews the token where there is one to renew', () => {
    expect(verdict({ status: 401, canRefresh: true }).action).toBe('refreshToken');
    const rules = [rule({ status: 403, action: 'refreshToken' })];
    expect(verdict({ status: 403, rules, canRefresh: true }).action).toBe('refreshToken');
    expect(verdict({ status: 403, rules, canRefresh: false }).action).toBe('attention');
  });

  test.each([
    [{ 'retry-after': '30' }, '2026-11-24T10:00:30.000Z'],
    [{ 'retry-after': '30', 'x-ratelimit-reset': '90' }, '2026-11-24T10:00:30.000Z'],
    [{ 'x-ratelimit-reset': '90' }, '2026-11-24T10:01:30.000Z'],
    [{ 'retry-after': 'garbage' }, undefined],
    [{ 'retry-after': '0' }, undefined],
    [{ 'retry-after': 'Sun Nov  6 08:49:37 1994' }, undefined],
    [{}, undefined],
  ] as [Record<string, string>, string | undefined][])('a 429 with %j resumes at %s', (headers, resumeAt) => {
    expect(verdict({ status: 429, headers }).resumeAt).toBe(resumeAt);
  });

  test('an absurd wait is cut and said so', () => {
    expect(verdict({ status: 429, headers: { 'retry-after': '1000000000' } })).toMatchObject({
      action: 'throttled',
      message: 'answered 429: too many requests (asked for a longer wait, cut to 1h)',
      resumeAt: '2026-11-24T11:00:00.000Z',
    });
  });

  test('a throttled answer names what is used up', () => {
    const headers = { ratelimit: '"burst";r=5;t=1, "daily";r=0;t=600' };
    expect(verdict({ status: 429, headers })).toMatchObject({
      message: 'answered 429: too many requests (used up: daily)',
      resumeAt: '2026-11-24T10:10:00.000Z',
    });
  });

  test("a partner's own way to refuse is understood, unless a rule says otherwise", () => {
    const text = '{"errors":[{"extensions":{"code":"RATELIMITED"}}]}';
    expect(verdict({ status: 400, text })).toMatchObject({
      action: 'throttled',
      message: 'answered 400: too many requests, said with a 400',
    });
    expect(verdict({ status: 400, text, profile: 'github' }).action).toBe('giveUp');
    expect(verdict({ status: 400, text, rules: [rule({ status: 400, action: 'skip' })] }).action).toBe('skip');
  });

  test('what the headers say is read from answers of any kind', () => {
    const headers = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '3' };
    for (const status of [200, 404, 500])
      expect(verdict({ status, headers }).reading.quotas).toMatchObject([{ limit: 10, remaining: 3 }]);
  });

  test('a page that is fine is not parsed for its limits, and a shared body not twice', () => {
    let parsed = 0;
    const text = `{"data":[],"extensions":{"cost":{"actualQueryCost":3,"throttleStatus":{}}},"x":"${'x'.repeat(1e5)}"}`;
    const body = (): unknown => {
      parsed += 1;
      return JSON.parse(text);
    };
    expect(verdict({ text, profile: 'shopify' }).reading.cost).toBeUndefined();
    const rules = [rule({ code: { path: 'no.such', equals: 1 }, action: 'skip' })];
    expect(verdict({ text, body, rules, profile: 'shopify' }).reading.cost).toBe(3);
    expect(parsed).toBe(1);
  });

  test.each([
    [{ 'x-ratelimit-remaining': '0' }, 'throttled'],
    [{ 'retry-after': '60' }, 'throttled'],
    [{ 'x-ratelimit-remaining': '10' }, 'attention'],
  ] as [Record<string, string>, string][])('a 403 with %j is %s', (headers, action) => {
    expect(verdict({ status: 403, headers }).action).toBe(action);
  });

  test.each([
    [{ status: 404, action: 'skip' }, 404, '', 'skip'],
    [{ status: '4xx', action: 'skip' }, 422, '', 'skip'],
    [{ status: [403, 404], action: 'skip' }, 404, '', 'skip'],
    [{ status: '5xx', action: 'giveUp' }, 404, '', 'giveUp'],
    [{ contains: 'THROTTLED', action: 'throttled' }, 200, '{"errors":["THROTTLED"]}', 'throttled'],
    [{ code: { path: 'error.code', equals: 17 }, action: 'throttled' }, 400, '{"error":{"code":17}}', 'throttled'],
    [{ code: { path: 'error.code', equals: 17 }, action: 'throttled' }, 400, '{"error":{"code":"17"}}', 'giveUp'],
    [{ code: { path: 'error.code', equals: 17 }, action: 'throttled' }, 400, '<html>', 'giveUp'],
    [{ status: 400, contains: 'x', action: 'skip' }, 400, 'y', 'giveUp'],
  ] as const)('the rule %j on %i %s → %s', (definition, status, text, action) => {
    expect(verdict({ status, text, rules: [rule(definition)] }).action).toBe(action);
  });

  test('the first rule that matches wins and its message is shown', () => {
    const rules = [
      rule({ status: 500, action: 'skip' }),
      rule({ status: 404, action: 'skip', message: 'closed accounts have no orders' }),
      rule({ status: '4xx', action: 'giveUp' }),
    ];
    expect(verdict({ status: 404, rules })).toMatchObject({
      action: 'skip',
      message: 'closed accounts have no orders',
    });
  });

  test('messages stay short and hold nothing of the body or of a redirect beyond its host', () => {
    const rules = [rule({ status: 404, action: 'skip', message: 'm'.repeat(500) })];
    expect(verdict({ status: 404, rules }).message).toHaveLength(200);
    const moved = verdict({ status: 302, text: 'canary', headers: { location: 'https://sso.example/login?t=canary' } });
    expect(moved.message).toContain('https://sso.example');
    expect(moved.message).not.toContain('canary');
  });
});
