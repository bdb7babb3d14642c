import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

let partners: OwnPartners;
/** Another worker: it knows nothing but what the database holds. */
let others: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
  others = await ownPartners({ sharing: partners });
});
afterAll(async () => {
  await others.close();
  await partners.close();
});

type Limits = NonNullable<PartnerInput['limits']>;

const rows = {
  path: '/rows',
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'token', token: 'next', as: 'cursor' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
} satisfies StreamInput;
const login = {
  type: 'login',
  url: '/login',
  credentials: { username: 'me', password: 'a-password' },
  token: 'session',
  expiresIn: '1h',
} satisfies PartnerInput['auth'];

/** Five pages, for the sessions that are good. */
function logins({ goodFor = Number.POSITIVE_INFINITY }: { readonly goodFor?: number } = {}) {
  let sessions = 0;
  let used = 0;
  return (url: URL, { headers }: IncomingMessage): OwnAnswer => {
    if (url.pathname === '/login') {
      used = 0;
      return { body: { session: `session-${++sessions}` } };
    }
    if (headers.authorization !== `Bearer session-${sessions}` || ++used > goodFor) return { status: 401, body: {} };
    const page = Number(url.searchParams.get('cursor') ?? 1);
    const id = `${url.pathname} ${page}`;
    return { body: { data: [{ id }], ...(page < 5 ? { next: String(page + 1) } : {}) } };
  };
}
const loginsOf = ({ asked }: OwnPartner): number => asked.filter((url) => url.startsWith('/login')).length;

describe('a login', () => {
  test.each<[string, Limits]>([
    ['no limits', {}],
    ['turns', { rate: 100, per: '1s' }],
    // A login that waited for a slot while its page holds the only one would wait for ever.
    ['one request at a time', { concurrency: 1 }],
    ['a quota', { quotas: [{ name: 'daily', limit: 500, per: 'day' }] }],
  ])('is made once for all streams and workers, takes a permit and counts: %s', async (_, limits) => {
    const partner = await partners.partner(
      logins(),
      { rows, more: { ...rows, path: '/more' } },
      { auth: login, limits },
    );
    const other = await others.again(partner);
    const reports = await Promise.all([partner.read('rows'), other.read('more')]);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect(loginsOf(partner)).toBe(1);
    expect(reports.reduce((sum, { requests }) => sum + requests, 0)).toBe(partner.asked.length);
  });

  test('is made again when a session ends, and its requests are those of the run', async () => {
    const partner = await partners.partner(logins({ goodFor: 2 }), { rows }, { auth: login });
    const report = await partner.read('rows');
    expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: 5 }, requests: partner.asked.length });
    expect(loginsOf(partner)).toBe(3);
  });

  test('waits for its turn in a quota, as all do', async () => {
    const limits: Limits = { quotas: [{ name: 'daily', limit: 3, per: 'day' }] };
    const partner = await partners.partner(logins(), { rows }, { auth: login, limits });
    await expect(partner.grant('rows')).resolves.toMatchObject({ state: 'deferred' });
    expect(partner.asked.map((url) => url.split('?')[0])).toEqual(['/login', '/rows', '/rows']);
  });

  test('that is refused needs a person', async () => {
    const partner = await partners.partner(() => ({ status: 403, body: {} }), { rows }, { auth: login });
    await expect(partner.read('rows')).rejects.toThrow(/the login answered 403: check auth\.url and auth\.credentials/);
    expect(partner.asked).toEqual(['/login']);
  });
});

describe('a stream with an auth of its own', () => {
  const own = { ...rows, path: '/more', auth: { type: 'bearer', token: 'the-second' } } satisfies StreamInput;

  test('is asked with it, within limits of its own', async () => {
    const seen: (string | undefined)[] = [];
    const limits: Limits = { quotas: [{ name: 'daily', limit: 1, per: 'day' }] };
    const partner = await partners.partner(
      (url, { headers }) => {
        seen.push(`${url.pathname} ${headers.authorization}`);
        return { body: { data: [{ id: url.pathname }] } };
      },
      { rows, more: own, again: { ...rows, path: '/again' } },
      { auth: { type: 'bearer', token: 'the-first' }, limits },
    );
    await expect(partner.grant('rows')).resolves.toMatchObject({ state: 'done' });
    await expect(partner.grant('more')).resolves.toMatchObject({ state: 'done' });
    await expect(partner.grant('again')).resolves.toMatchObject({ state: 'deferred' });
    expect(seen).toEqual(['/rows Bearer the-first', '/more Bearer the-second']);
  });

  test('shares the limits that a name says are one', async () => {
    const limits: Limits = { quotas: [{ name: 'daily', limit: 1, per: 'day' }], credential: 'app' };
    const partner = await partners.partner(() => ({ body: { data: [] } }), { rows, more: own }, { limits });
    await expect(partner.grant('rows')).resolves.toMatchObject({ state: 'done' });
    await expect(partner.grant('more')).resolves.toMatchObject({ state: 'deferred' });
  });
});
