import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';

/** What an incremental stream must ask for again, or for the first time. */

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const deals = {
  path: '/deals',
  records: 'data',
  primaryKey: ['id'],
  version: ['updated_at'],
  pagination: { type: 'keyset', field: 'id', as: 'after', hasMore: 'has_more' },
  incremental: { field: 'updated_at', start: { as: 'since', format: 'iso' } },
  schema: {
    type: 'object',
    required: ['id'],
    properties: {
      id: { type: 'integer' },
      state: { type: 'string' },
      updated_at: { type: 'string', format: 'date-time' },
    },
  },
} satisfies StreamInput;

interface Deal {
  id: number;
  state: string;
  updated_at: string;
}

describe('what changes while a run reads is read by the next one', () => {
  const today = new Date().toISOString().slice(0, 10);
  test.each([
    { name: 'a day that is caught up later', windows: ['2026-11-20', '2026-11-21'], at: () => '2026-11-20T02:30:00Z' },
    { name: 'today', windows: [today, `${today}@Etc/UTC`], at: () => new Date().toISOString() },
  ])('$name', async ({ windows, at }) => {
    const all: Deal[] = [1, 2, 3, 4].map((id) => ({ id, state: 'old', updated_at: '2024-11-19T12:00:00Z' }));
    const partner = await partners.partner(
      (url) => {
        const since = Date.parse(url.searchParams.get('since') ?? '1970-01-01');
        const after = Number(url.searchParams.get('after') ?? 0);
        if (after === 2 && all[0]?.state === 'old') {
          // The first was read already, the last one was not: its time must not become where the next run begins.
          Object.assign(all[0], { state: 'new', updated_at: at() });
          Object.assign(all[3] as Deal, {
            state: 'new',
            updated_at: new Date(Date.parse(at()) + 1800_000).toISOString(),
          });
        }
        const left = all.filter((deal) => Date.parse(deal.updated_at) >= since && deal.id > after);
        return { body: { data: left.slice(0, 2), has_more: left.length > 2 } };
      },
      { deals },
    );
    const states = async (): Promise<string[]> =>
      (await partners.pool.query(`select state from ${partner.name}.deals order by id`)).rows.map((row) => row.state);
    await partner.read('deals', { window: windows[0] as string });
    expect(await states()).toEqual(['old', 'old', 'old', 'new']);
    await partner.read('deals', { window: windows[1] as string });
    expect(await states()).toEqual(['new', 'old', 'old', 'new']);
  });
});

describe('parents', () => {
  const customers = {
    path: '/customers',
    records: 'data',
    primaryKey: ['no'],
    schema: { type: 'object', required: ['no'], properties: { no: { type: 'integer' }, id: { type: 'string' } } },
  } satisfies StreamInput;
  const ofCustomer = {
    ...deals,
    pagination: { type: 'none' },
    parent: { stream: 'customers', field: 'id', as: 'customer', in: 'query' },
  } satisfies StreamInput;

  test('an empty id asks for nothing', async () => {
    const people = ['', 'a', ' ', 'b', null].map((id, no) => ({ no, ...(id === null ? {} : { id }) }));
    const partner = await partners.partner((url) => ({ body: { data: url.pathname === '/customers' ? people : [] } }), {
      customers,
      deals: ofCustomer,
    });
    await partner.read('customers');
    await partner.read('deals');
    const asked = partner.asked.slice(1).map((url) => new URL(url, 'http://x').searchParams.get('customer'));
    expect(asked).toHaveLength(2);
    expect(new Set(asked)).toEqual(new Set(['a', 'b']));
  });

  test.each([1, 2])('a new one is read from the beginning, %i in a call', async (batch) => {
    const people = [
      { no: 1, id: 'a' },
      { no: 2, id: 'c' },
    ];
    const all = ['a', 'b', 'c'].map((customer, i) => ({
      id: i + 1,
      state: customer,
      updated_at: '2024-05-01T00:00:00Z',
      customer,
    }));
    const partner = await partners.partner(
      (url) => {
        if (url.pathname === '/customers') return { body: { data: people } };
        const since = Date.parse(url.searchParams.get('since') ?? '1970-01-01');
        const wanted = (url.searchParams.get('customer') ?? '').split(',');
        return { body: { data: all.filter((d) => wanted.includes(d.customer) && Date.parse(d.updated_at) >= since) } };
      },
      { customers, deals: { ...ofCustomer, parent: { ...ofCustomer.parent, batch } } },
    );
    await partner.read('customers');
    expect(await partner.read('deals', { window: '2026-11-20' })).toMatchObject({ counts: { inserted: 2 } });
    people.push({ no: 3, id: 'b' });
    await partner.read('customers', { generation: 2 });
    expect(await partner.read('deals', { window: '2026-11-21' })).toMatchObject({ counts: { inserted: 1 } });
    // And the one after that asks for what is new of all of them, in as few calls as it can.
    const before = partner.asked.length;
    expect(await partner.read('deals', { window: '2026-11-22' })).toMatchObject({ counts: { inserted: 0 } });
    const since = partner.asked.slice(before).map((url) => new URL(url, 'http://x').searchParams.get('since'));
    expect(since).toHaveLength(Math.ceil(3 / batch));
    expect(new Set(since)).toEqual(new Set(['2024-05-01T00:00:00.000Z']));
  });
});
