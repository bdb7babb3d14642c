import { describe, expect, test } from '@jest/globals';
import { limits as limitsShape } from '../../definitions/limits.ts';
import { limitsToCount } from '../../report/decide/counted-limits.ts';
import { doubtOf } from '../../report/decide/doubt-kinds.ts';
import { fieldChanges } from '../../report/decide/field-changes.ts';
import { judgeThrottled, type Verdict } from '../../report/decide/judge-throttled.ts';
import { looksLikeName, shownNames, shownStep } from '../../report/decide/shown-fields.ts';
import { literalsOf, shownPath, templateShown } from '../../report/decide/shown-path.ts';
import { quantiles, streamLatencies } from '../../report/decide/slow-hours.ts';
import { kindOfReason, unfitFields } from '../../report/decide/unfit-kinds.ts';
import { falseTotal } from '../../report/make-report.ts';
import type { SeenField, SeenFields } from '../../store/partner-report/fields-of-period.ts';
import { STEP, type Latency } from '../../store/partner-report/calls-of-period.ts';

describe('paths', () => {
  test.each([
    ['/orders', '/orders'],
    ['/v2/customers/{customer.id}/orders', '/v2/customers/{…}/orders'],
    ['/accounts/${ACCOUNT}/orders?status={status}', '/accounts/{…}/orders'],
    ['/items-{id}.json', '/{…}'],
    ['/hooks/T0123456789/x', '/hooks/{…}/x'],
    ['/orders{? since {start}}', '/{…}'],
    ['/', '/'],
  ])('of %s show %s', (template, shown) => expect(templateShown(template)).toBe(shown));

  test('that were sent show what the definition writes out, wherever it stands', () => {
    const literals = new Set(['/v2/customers/{id}/orders', '/jobs/{id}'].flatMap(literalsOf));
    expect(shownPath('/v2/customers/anna.smith/orders?page&limit', literals)).toBe('/v2/customers/{…}/orders');
    expect(shownPath('/jobs/8f3a', literals)).toBe('/jobs/{…}');
    expect(shownPath('/…', literals)).toBe('/{…}');
  });
});

describe('a stated total', () => {
  test.each([
    ['is true', { stated: 3, distinct: 3, fetched: 4 }, []],
    ['is true as far as anybody knows', { stated: 3, distinct: null, fetched: 4 }, []],
    ['was not stated', { stated: null, distinct: null, fetched: 4 }, []],
    ['is more than came', { stated: 9, distinct: 3, fetched: 4 }, [{ stated: 9, came: 3, repeated: 1 }]],
    ['is more than came at most', { stated: 9, distinct: null, fetched: 4 }, [{ stated: 9, came: 4, repeated: null }]],
    ['is less than came', { stated: 2, distinct: 3, fetched: 3 }, [{ stated: 2, came: 3, repeated: 0 }]],
  ])('%s', (_, counts, told) => {
    const at = '2026-11-24T03:00:00.000Z';
    const run = {
      stream: 'orders',
      runId: 'r',
      startedAt: at,
      doubt: null,
      failed: false,
      requestId: 'q',
      at,
    };
    expect(falseTotal({ ...run, ...counts })).toEqual(
      told.map((each) => ({ ...each, at, stream: 'orders', requestId: 'q', runId: 'r' })),
    );
  });
});

describe('names of fields', () => {
  test.each(['discount', 'net_amount', 'lineItems', '_links', 'x-ref', 'line2'])('%s may be shown', (name) =>
    expect(looksLikeName(name)).toBe(true),
  );
  test.each(['a@b.example', 'Anna Smith', '20261124', 'cus_81723', '<b>', '', 'ü', 'a'.repeat(41), 'x|y', '9lives'])(
    '%p may not',
    (name) => expect(looksLikeName(name)).toBe(false),
  );

  test('none of very many is shown: they are values', () => {
    const names = Array.from({ length: 26 }, (_, n) => `anna_${n}`);
    expect(shownNames(names)).toEqual({ shown: new Set(), hidden: 26 });
    expect(shownNames([...names.slice(2), 'x y'])).toEqual({ shown: new Set(names.slice(2)), hidden: 1 });
  });

  test('of a path show only what the definition names', () => {
    const known = new Set(['lines', 'price', '0']);
    expect(shownStep('lines.12.price', known)).toBe('lines.[].price');
    expect(shownStep('prices.anna@mail.example.price', known)).toBe('{…}.{…}.{…}.price');
    expect(shownStep('', known)).toBe('the record itself');
  });
});

test.each([
  ['page 3 holds the records of the page before it: the partner does not turn its pages', false, 'repeats'],
  ['21 pages in a row hold the same records: the listing has no end', true, 'repeats'],
  ['page 9 holds the records of a page before it, not for the first time: x', false, 'circle'],
  ['the partner names the same page again as the next one: the stream would turn in circles', false, 'same-next'],
  ['page 2 is empty, but the partner says that there are 7 pages', false, 'empty'],
  ['the page is empty, and its field "anna" announces another one, but x', false, 'empty'],
  ['the partner says there is another page, but meta.next does not name it', false, 'no-next'],
  ['the header x-next-page names a next page, but x', false, 'more-announced'],
  [`the answer's field "total" states more than came, but x`, false, 'more-announced'],
  ['the answer has 2 of them at "errors" beside its records: what that stands for did not come', false, 'errors'],
  ['the Link header cannot be read (RFC 8288): whether there is another page is unknown', false, 'unreadable'],
  ['next is not text: it cannot be the URL of the next page', false, 'unreadable'],
  ['the export job named 3 files after 2 of them were read', false, 'job'],
  ['anna@mail.example is not served any more', false, 'other'],
  ['answered 401: anna@mail.example', true, undefined],
] as const)('the doubt "%s" (failed: %p) is %p', (doubt, failed, kind) =>
  expect(doubtOf({ doubt, failed })).toBe(kind),
);

const calls = (sent: number, most = sent): { counts: readonly { sent: number; most: number }[] } => ({
  counts: [{ sent, most }],
});
const unclear = (why: string): object => ({ kind: 'unclear', why });

describe('a refusal as one call too many', () => {
  const at = '2026-11-24T12:00:00.000Z';
  const day = 86_400_000;
  const verdict = (
    input: object,
    call: { counts?: readonly { sent: number; most: number }[]; underWay?: number; sampled?: boolean },
    knownMs = -Infinity,
  ): Verdict => {
    const { counts = [], underWay = 1, sampled = false } = call;
    return judgeThrottled(
      { at, counts, underWay: { sent: underWay, most: underWay }, sampled },
      { limits: limitsToCount(limitsShape.parse(input)), knownSinceMs: Date.parse(at) - knownMs },
    );
  };
  const ten = { rate: 10 };
  const window = { windows: [{ name: 'minute', limit: 100, per: '1m' }] };
  const daily = { quotas: [{ name: 'daily', limit: 100, per: 'day' }] };
  const within = { kind: 'within' };

  test.each([
    ['a rate that was not used up', ten, calls(9, 10), within],
    ['a rate that may have been used up on the way', ten, calls(10, 11), unclear('too close to rate to tell')],
    ['a rate with its burst', { rate: 10, burst: 5 }, calls(15), unclear('too close to rate to tell')],
    ['a rate that was passed', { rate: 10, burst: 5 }, calls(16), { kind: 'above', limit: 'rate' }],
    ['one call in a longer time', { rate: 0.5 }, calls(1), within],
    ['a window', window, calls(100), within],
    ['a window that was passed', window, calls(101), { kind: 'above', limit: 'minute' }],
    ['a quota', daily, calls(100), within],
    ['more than a quota in a day, which may be two', daily, calls(150), unclear('too close to daily to tell')],
    ['slots', { concurrency: 2 }, { underWay: 2 }, within],
    ['too many slots', { concurrency: 2 }, { underWay: 3 }, { kind: 'above', limit: 'concurrency' }],
    ['no limit', {}, {}, unclear('the definition declares no limit')],
    ['calls that were not kept', ten, { ...calls(1), sampled: true }, unclear('not all calls were kept')],
    [
      'a limit of cost',
      { ...ten, windows: [{ name: 'points', limit: 9, per: '1m', unit: 'cost' }] },
      calls(1),
      unclear('points could not be counted: it counts cost'),
    ],
    [
      'weights',
      { ...ten, weights: [{ path: '/', weight: 2 }] },
      calls(1),
      unclear('rate could not be counted: calls have weights'),
    ],
    [
      'a credential of several',
      { ...ten, credential: 'app' },
      calls(1),
      unclear('rate could not be counted: others use the same credential'),
    ],
  ] as const)('within %s', (_, limits, call, expected) => expect(verdict(limits, call, Infinity)).toEqual(expected));

  test('is not judged by calls that do not reach back far enough', () => {
    expect(verdict(daily, calls(1), day)).toEqual(unclear('the calls kept do not reach back far enough for daily'));
    // A day may have 25 hours.
    expect(verdict(daily, calls(1), day * 1.05)).toEqual(within);
    expect(verdict(window, calls(101), 0)).toEqual({ kind: 'above', limit: 'minute' });
  });

  test('weights of one limit leave the others as they are', () => {
    const both = { ...ten, ...window, weights: [{ path: '/', weight: 2, of: ['minute'] }] };
    expect(limitsToCount(limitsShape.parse(both))).toMatchObject({
      counted: [{ name: 'rate', says: '10 requests per 1s', sure: 10, above: 11 }],
      left: [{ name: 'minute', says: '100 requests in any 1m', why: 'calls have weights' }],
    });
  });
});

const answers = (hour: number, ms: number, calls: number, { now = true, stream = 'orders' } = {}): Latency => ({
  stream,
  now,
  hour,
  step: Math.floor(Math.log(ms) / Math.log(STEP)),
  calls,
});

describe('how long answers took', () => {
  test('is told to two digits', () => {
    const { medianMs, p95Ms, calls } = quantiles([answers(1, 200, 90), answers(1, 1000, 10)]) ?? {};
    expect(calls).toBe(100);
    expect(Math.abs((medianMs ?? 0) - 200)).toBeLessThanOrEqual(10);
    expect(Math.abs((p95Ms ?? 0) - 1000)).toBeLessThanOrEqual(50);
    expect(quantiles([])).toBeNull();
  });

  test.each([
    ['an hour that is clearly slower', [answers(3, 100, 50), answers(4, 400, 30)], [4]],
    ['one with a slow tail', [answers(3, 100, 95), answers(4, 100, 60), answers(4, 900, 10)], [4]],
    ['one of few answers', [answers(3, 100, 50), answers(4, 400, 19)], []],
    ['one that is slower by little', [answers(3, 10, 50), answers(4, 40, 50)], []],
    ['the only one', [answers(3, 400, 50)], []],
    ['one in which a slower stream is read', [answers(3, 100, 50), answers(4, 400, 50, { stream: 'x' })], []],
    ['one that was slow before', [answers(3, 100, 50), answers(4, 400, 50, { now: false })], []],
  ])('%s', (_, rows, hours) =>
    expect(streamLatencies(rows).flatMap(({ slow }) => slow.map(({ hour }) => hour))).toEqual(hours),
  );

  test('is held against the time before, where that had enough', () => {
    const [enough, few] = [20, 19].map((calls) =>
      streamLatencies([answers(3, 100, 50), answers(3, 10, calls, { now: false })]),
    );
    expect(enough).toMatchObject([{ before: { calls: 20, medianMs: 10 } }]);
    expect(few).toMatchObject([{ before: null }]);
  });
});

const seen = (of: readonly (readonly [field: string, type: string, now: boolean, records: number])[]): SeenFields => ({
  stream: 'orders',
  now: 100,
  before: 1000,
  since: null,
  cut: false,
  fields: of.map(([field, type, now, records], i): SeenField => ({
    field,
    type,
    now,
    records,
    stream: 'orders',
    at: `2026-11-24T00:00:${String(i).padStart(2, '0')}.000Z`,
    requestId: `req-${i}`,
    runId: null,
  })),
});

describe('fields', () => {
  const documented = new Set(['id', 'amount']);

  test.each([
    ['one that is documented', [['id', 'string', true, 100]], []],
    ['one that is not', [['discount', 'number', true, 5]], ['undocumented discount number from  since req-0']],
    [
      'one that is not, and was there before',
      [
        ['discount', 'number', false, 9],
        ['discount', 'number', true, 5],
      ],
      ['undocumented discount number from number since req-1'],
    ],
    [
      'one of another type',
      [
        ['amount', 'number', false, 900],
        ['amount', 'number', true, 50],
        ['amount', 'string', true, 50],
      ],
      ['types amount number,string from number since req-2'],
    ],
    [
      'a first value',
      [
        ['amount', 'null', false, 900],
        ['amount', 'string', true, 50],
      ],
      [],
    ],
    [
      'a first null of many',
      [
        ['amount', 'number', false, 200],
        ['amount', 'null', true, 1],
      ],
      ['types amount null from number since req-1'],
    ],
    [
      'a first null of few',
      [
        ['amount', 'number', false, 199],
        ['amount', 'null', true, 1],
      ],
      [],
    ],
    ['one that is gone', [['amount', 'number', false, 950]], ['gone amount  from number since req-0']],
    ['one that was rare, and does not come', [['amount', 'number', false, 949]], []],
    ['one that was not documented, and does not come', [['discount', 'number', false, 5]], []],
  ] as const)('%s', (_, fields, told) => {
    const { changes, hidden } = fieldChanges(seen(fields), documented);
    expect(
      changes.map(
        (of) => `${of.kind} ${of.field} ${of.types.join()} from ${of.typesBefore.join()} since ${of.requestId}`,
      ),
    ).toEqual(told);
    expect(hidden).toBe(0);
  });

  test('whose names may be values are counted only', () => {
    const { changes, hidden } = fieldChanges(seen([['anna@mail.example', 'number', true, 1]]), documented);
    expect({ changes, hidden }).toEqual({ changes: [], hidden: 1 });
    expect(fieldChanges(seen([['anything', 'number', true, 1]]), undefined).changes).toEqual([]);
  });
});

const row = (path: string, records: number, day: number): Parameters<typeof unfitFields>[0][number] => ({
  stream: 'orders',
  path,
  reason: 'expected number, found string',
  records,
  at: `2026-11-${day}T00:00:00.000Z`,
  lastAt: `2026-11-${day}T01:00:00.000Z`,
  requestId: `req-${day}`,
  runId: null,
});

describe('records that did not fit', () => {
  test.each([
    ['expected string, found number', 'expected string, found number'],
    ['expected integer or null, found a fraction', 'expected integer or null, found a fraction'],
    ['expected at most 12 characters, found more', 'expected at most 12 characters, found more'],
    [
      'expected one of the allowed values, found another string',
      'expected one of the allowed values, found another string',
    ],
    ['expected string, found anna', 'it breaks a rule of the documentation'],
    ['the sum of 12 and anna@mail.example is not 0', 'it breaks a rule of the documentation'],
  ])('for %s', (reason, says) => expect(kindOfReason(reason)).toBe(says));

  test('are one where they differ by values alone, with the request of the first', () => {
    const rows = [
      row('prices.anna', 2, 24),
      row('prices.bob', 3, 23),
      { ...row('extra', 1, 22), reason: 'expected no such field: the schema allows no others' },
    ];
    expect(unfitFields(rows, () => new Set(['prices']))).toMatchObject([
      {
        path: 'prices.{…}',
        records: 5,
        requestId: 'req-23',
        at: '2026-11-23T00:00:00.000Z',
        lastAt: '2026-11-24T01:00:00.000Z',
      },
      { path: 'extra', says: 'expected no such field: the schema allows no others' },
    ]);
  });
});
