import { describe, expect, test } from '@jest/globals';
import { GiveUp, NeedsAttention, RetryLater, WarehouseUnavailable } from '../../core/errors.ts';
import { adviseOn, describeTrouble, isPartnerFailure, isTransportFailure } from '../../core/outage.ts';
import { transportFailure } from '../../http/transport-failure.ts';
import { explain } from '../../core/errors.ts';

describe('what counts against the health of a partner', () => {
  const later = '2026-11-24T03:00:00.000Z';
  test.each([
    [true, '500', { status: 500, action: 'retry' }],
    [true, '502 that names a wait', { status: 502, action: 'retry', resumeAt: later }],
    [true, '408', { status: 408, action: 'retry' }],
    [true, '503 without a wait', { status: 503, action: 'throttled' }],
    [
      false,
      '503 that names its wait: the partner is steering us',
      { status: 503, action: 'throttled', resumeAt: later },
    ],
    [false, '429', { status: 429, action: 'throttled' }],
    [false, '403 as a limit', { status: 403, action: 'throttled' }],
    [false, '200', { status: 200, action: 'ok' }],
    [false, '202, not ready', { status: 202, action: 'retry' }],
    [false, '409', { status: 409, action: 'retry' }],
    [false, '401', { status: 401, action: 'refreshToken' }],
    [false, '404', { status: 404, action: 'giveUp' }],
    [false, '501, never offered', { status: 501, action: 'giveUp' }],
    [false, '500 that a rule skips', { status: 500, action: 'skip' }],
  ])('%s: an answer %s', (counts, _what, answer) => {
    expect(isPartnerFailure(answer)).toBe(counts);
  });

  test.each([
    [true, 'not reached', transportFailure(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }), 'GET /payments')],
    [false, 'a certificate', transportFailure(Object.assign(new Error('no'), { code: 'CERT_HAS_EXPIRED' }), 'GET /')],
    [false, 'our own URL', transportFailure(Object.assign(new Error('no'), { code: 'ERR_INVALID_URL' }), 'GET /')],
    [false, 'our own database', new WarehouseUnavailable('the warehouse is not available')],
    [false, 'an answer that came and was odd', new RetryLater('found an empty body', { at: { status: 200 } })],
    [false, 'what needs a person', new NeedsAttention('no token')],
    [false, 'what cannot be', new GiveUp('no')],
    [false, 'a bug', new TypeError('x is not a function')],
  ])('%s: %s', (counts, _what, error) => {
    expect(isTransportFailure(error)).toBe(counts);
  });
});

describe('what is said of it', () => {
  test('names the partner, how long, the last error and when the next call goes out', () => {
    const trouble = { partner: 'acme', sinceMs: 185_000, lastError: 'answered 502: the partner has a problem' };
    expect(describeTrouble({ ...trouble, nextMs: 41_250 })).toBe(
      'acme has not been answering for 3m (answered 502: the partner has a problem); Syncline asks again in 41.3s, with one call',
    );
    expect(describeTrouble({ ...trouble, nextMs: 0 })).toContain('is asking again');
  });

  test.each([
    ['ENOTFOUND', /DNS/],
    ['ECONNREFUSED', /host and port/],
    ['EHOSTUNREACH', /firewall/],
    ['ETIMEDOUT', /raise `timeout`/],
    ['ECONNRESET', /proxy/],
  ])('advice on %s fits it', (code, cure) => {
    const error = transportFailure(Object.assign(new Error('x'), { code }), 'acme payments');
    const advice = adviseOn('acme', explain(error));
    expect(advice).toMatch(cure);
    expect(advice).toContain('syncline partners check acme');
    expect(advice).toContain('by itself');
  });

  test.each([
    ['answered 502: the partner has a problem', /fault is at the partner/],
    ['answered 504: the partner has a problem', /too slow/],
    ['something nobody has seen', /status page/],
  ])('advice on "%s" fits it', (error, cure) => {
    expect(adviseOn('acme', error)).toMatch(cure);
  });
});
