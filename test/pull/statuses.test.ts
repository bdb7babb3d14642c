import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

/** What an answer means is the definition's to say, by its status, its headers, its body. */

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

type Rules = NonNullable<StreamInput['errors']>;

const things = {
  path: '/things',
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'page', size: 2 },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
} satisfies StreamInput;

const pageOf = (url: URL): number => Number(url.searchParams.get('page'));
const page = (no: number): { id: number }[] => [{ id: 2 * no - 1 }, { id: 2 * no }];

/** Two full pages; what lies behind them is answered as the case says. */
const reading = (behind: OwnAnswer | (() => OwnAnswer), errors: Rules, change = {}): Promise<OwnPartner> =>
  partners.partner(
    (url) =>
      pageOf(url) > 2
        ? typeof behind === 'function'
          ? behind()
          : behind
        : { body: { data: page(pageOf(url)), error: null } },
    { things: { ...things, errors, ...change } },
  );

describe('a rule that the listing has ended', () => {
  test.each<[string, OwnAnswer, Rules[number]]>([
    ['a status', { status: 404, body: { detail: 'Invalid page.' } }, { status: 404, action: 'end' }],
    ['a status of the partner that fails', { status: 500, body: {} }, { status: '5xx', action: 'end' }],
    [
      'a header',
      { status: 400, headers: { 'X-Error-Code': 'page_out_of_range' }, body: {} },
      { header: { name: 'x-error-code', contains: 'out_of_range' }, action: 'end' },
    ],
    [
      'a header that is there',
      { status: 204, headers: { 'X-End': '' }, text: '' },
      { header: { name: 'X-End' }, action: 'end' },
    ],
    [
      'a path in the body',
      { status: 422, body: { error: { code: 17 } } },
      { code: { path: 'error.code', equals: 17 }, action: 'end' },
    ],
    [
      'an error in an answer of 200',
      { body: { error: { text: 'no more' } } },
      { code: { path: 'error' }, action: 'end' },
    ],
    ['text', { status: 400, body: { m: 'no such page' } }, { contains: 'no such page', action: 'end' }],
    ['text that is no JSON', { text: 'No more records' }, { contains: 'No more', action: 'end' }],
  ])('by %s', async (_, behind, rule) => {
    const partner = await reading(behind, [rule]);
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', reason: null, counts: { inserted: 4 } });
    expect(partner.asked).toHaveLength(3);
  });

  test('on the first page means that there is nothing', async () => {
    const partner = await partners.partner(() => ({ status: 404, body: {} }), {
      things: { ...things, errors: [{ status: 404, action: 'end' }] },
    });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { fetched: 0 } });
  });

  test('takes the records that come with it', async () => {
    const last: OwnAnswer = { headers: { 'x-last-page': 'true' }, body: { data: page(3) } };
    const partner = await reading(last, [{ header: { name: 'X-Last-Page', equals: 'true' }, action: 'end' }]);
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 6 }, requests: 3 });
  });

  test('lets no page pass for the end that broke off', async () => {
    const answers: OwnAnswer[] = [
      { headers: { 'x-last': '1' }, text: '{"data":[{"id":5},{"id"' },
      { headers: { 'x-last': '1' }, body: { data: page(3) } },
    ];
    const partner = await reading(() => answers.shift() as OwnAnswer, [{ header: { name: 'X-Last' }, action: 'end' }]);
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 6 } });
    expect(answers).toEqual([]);
  });

  test('does not match another answer', async () => {
    const partner = await reading({ status: 404, headers: { 'x-code': '7' }, body: { error: false } }, [
      { header: { name: 'x-code', equals: '77' }, action: 'end' },
      { header: { name: 'x-other' }, action: 'end' },
      { code: { path: 'error' }, action: 'end' },
      { status: 410, contains: 'error', action: 'end' },
    ]);
    await expect(partner.read('things')).rejects.toThrow(/404/);
  });

  test('is what a skip in the middle of a listing should have been', async () => {
    const partner = await reading({ status: 404, body: {} }, [{ status: 404, action: 'skip' }]);
    await expect(partner.read('things')).rejects.toThrow(/write action: end/);
  });
});

const failing = (answers: OwnAnswer[]) => (): OwnAnswer => answers.shift() ?? { body: { data: [] } };

describe('a rule for an answer of 200 that is an error', () => {
  test.each<[string, Rules[number]]>([
    ['retry', { status: 200, code: { path: 'error' }, action: 'retry' }],
    ['throttled', { code: { path: 'error', equals: 'busy' }, action: 'throttled' }],
  ])('%s asks again, though records are missing', async (_, rule) => {
    const partner = await reading(failing([{ headers: { 'retry-after': '0' }, body: { error: 'busy' } }]), [rule]);
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 4 }, requests: 4 });
  });

  test('gives up with its words', async () => {
    const partner = await reading({ body: { error: 'no licence' } }, [
      { code: { path: 'error' }, action: 'giveUp', message: 'the contract has ended: ask sales' },
    ]);
    await expect(partner.read('things')).rejects.toThrow(/the contract has ended: ask sales/);
  });
});
