import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnAnswer, type OwnPartners } from '../support/own-partner.ts';

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const notes: StreamInput = {
  path: '/notes',
  records: 'data',
  primaryKey: ['id'],
  version: ['v'],
  conditional: true,
  pagination: { type: 'token', token: 'next', as: 'after' },
  schema: { type: 'object', properties: { id: { type: 'string' }, v: { type: 'integer' } }, required: ['id', 'v'] },
  deletes: { sweep: true },
};
/** A record for each letter. */
const recordsOf = (ids: string): object[] => ids.split('').map((id) => ({ id, v: 1 }));
const pageOf = (ids: string, next: number | null, rest: object = {}): OwnAnswer => ({
  headers: { etag: '"1"' },
  body: { data: recordsOf(ids), next: next === null ? null : String(next), ...rest },
});
const whole = [pageOf('ab', 1), pageOf('cd', 2), pageOf('e', null)];
type Listing = (page: number, request: { readonly conditional: boolean }) => OwnAnswer;

/** Reads a whole listing, then this one. Returns the ids of the rows that are left, and how the run ended. */
async function afterwards(
  listing: Listing,
  change: Partial<StreamInput> = {},
): Promise<readonly [string, string | null]> {
  let day = 1;
  const partner = await partners.partner(
    (url, request) => {
      const page = Number(url.searchParams.get('after') ?? 0);
      const conditional = request.headers['if-none-match'] !== undefined;
      return day === 1 ? (whole[page] as OwnAnswer) : listing(page, { conditional });
    },
    { notes: { ...notes, ...change } },
    {},
    'a run that fails is not told how often it has asked',
  );
  expect(await partner.read('notes', { window: '2026-11-01' })).toMatchObject({ outcome: 'ok' });
  day = 2;
  const outcome = await partner.read('notes', { window: '2026-11-02' }).then(
    (report) => report.outcome,
    () => 'failed',
  );
  const { rows } = await partners.pool.query<{ ids: string }>(
    `select string_agg(id, '' order by id) as ids from ${partner.name}.notes`,
  );
  return [rows[0]?.ids ?? '', outcome];
}

describe('a listing that sweeps', () => {
  test('takes what it does not have, once it is complete', async () => {
    const listing = [pageOf('a', 1), pageOf('cx', 2), pageOf('e', null)];
    expect(await afterwards((page) => listing[page] as OwnAnswer)).toEqual(['acex', 'ok']);
  });

  const bad = [...recordsOf('abc'), { id: 'd', v: 'none' }];
  const doubtful: readonly (readonly [string, string, Listing, Partial<StreamInput>?])[] = [
    [
      'ends although its own total says that there are more',
      'suspect',
      () => pageOf('abc', null, { total: 5 }),
      { pagination: { type: 'token', token: 'next', as: 'after', total: 'total' } },
    ],
    [
      'says that nothing has changed',
      'ok',
      (page, { conditional }) => (conditional ? { status: 304 } : (whole[page] as OwnAnswer)),
    ],
    ['has a record that does not fit', 'failed', () => ({ body: { data: bad, next: null } })],
    [
      'says what went wrong beside it',
      'suspect',
      () => pageOf('abc', null, { errors: [{ message: 'no permission' }] }),
    ],
    [
      'breaks off half-way',
      'failed',
      (page) => (page === 0 ? pageOf('ab', 1) : { status: 400, body: { error: 'no such page' } }),
    ],
    ['has a page twice', 'suspect', (page) => [pageOf('ab', 1), pageOf('ab', 2), pageOf('e', null)][page] as OwnAnswer],
    ['is empty', 'suspect', () => pageOf('', null)],
    ['has less than half of the last one', 'suspect', () => pageOf('ab', null)],
    [
      'is skipped by a rule',
      'suspect',
      () => ({ status: 404, body: {} }),
      { errors: [{ status: 404, action: 'skip' }] },
    ],
  ];
  test.each(doubtful)('deletes nothing where it %s: %s', async (_what, outcome, ...rest) => {
    const [listing, change] = rest;
    expect(await afterwards(listing, change)).toEqual(['abcde', outcome]);
  });
});
