import type { KeyObject } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { Asked, Played, Player } from './open-plays.ts';

/** Dimensions and metrics of a day, by name. */
export type Day = Readonly<Record<string, string>>;

interface Report {
  readonly dateRanges: readonly { readonly startDate: string; readonly endDate: string }[];
  readonly dimensions: readonly { readonly name: string }[];
  readonly metrics: readonly { readonly name: string }[];
  readonly offset: number;
  readonly limit: number;
}

const refuse = (code: number, status: string, message: string): Played => ({
  status: code,
  body: { error: { code, message, status } },
});

/** The property 1234, which `viewer` may see, and the token endpoint of Google. */
export function googleAnalyticsPartner(state: { days: readonly Day[]; viewer: boolean }, key: KeyObject): Player {
  return async (asked, url) => {
    if (asked.path === '/token') {
      const assertion = new URLSearchParams(asked.text).get('assertion') ?? '';
      const { payload } = await jwtVerify(assertion, key, { issuer: 'sync@acme.example', audience: `${url}/token` });
      if (payload['scope'] !== 'https://www.googleapis.com/auth/analytics.readonly')
        return { status: 400, body: { error: 'invalid_scope' } };
      return { body: { access_token: 'ya29', expires_in: 3599, token_type: 'Bearer' } };
    }
    if (asked.headers.authorization !== 'Bearer ya29') return refuse(401, 'UNAUTHENTICATED', 'invalid credentials');
    if (!state.viewer) return refuse(403, 'PERMISSION_DENIED', 'User does not have sufficient permissions');
    if (asked.path === '/v1beta/properties/1234/metadata')
      return {
        body: { name: 'properties/1234/metadata', dimensions: [{ apiName: 'date', uiName: 'Date' }], metrics: [] },
      };
    if (asked.path !== '/v1beta/properties/1234:runReport') return refuse(404, 'NOT_FOUND', 'no such method');
    return report(asked, state.days);
  };
}

const compact = (date: string): string => date.replaceAll('-', '');

/** Sums what has the same dimensions, as a report does. Both ends of the range belong to it. */
function report({ text }: Asked, days: readonly Day[]): Played {
  const { dateRanges, dimensions, metrics, offset, limit } = JSON.parse(text) as Report;
  const [{ startDate, endDate } = { startDate: '', endDate: '' }] = dateRanges;
  const sums = new Map<string, { readonly of: readonly string[]; readonly values: number[] }>();
  for (const day of days) {
    const date = day['date'] ?? '';
    if (date < compact(startDate) || date > (endDate === 'today' ? '9' : compact(endDate))) continue;
    const of = dimensions.map(({ name }) => day[name] ?? '');
    const sum = sums.get(of.join('\n')) ?? { of, values: metrics.map(() => 0) };
    metrics.forEach(({ name }, index) => (sum.values[index] = (sum.values[index] ?? 0) + Number(day[name] ?? '0')));
    sums.set(of.join('\n'), sum);
  }
  const rows = [...sums.entries()]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { of, values }]) => ({
      dimensionValues: of.map((value) => ({ value })),
      metricValues: values.map((value) => ({ value: String(value) })),
    }));
  const page = rows.slice(offset, offset + limit);
  return {
    body: {
      dimensionHeaders: dimensions,
      metricHeaders: metrics.map(({ name }) => ({ name, type: 'TYPE_INTEGER' })),
      ...(page.length === 0 ? {} : { rows: page }),
      rowCount: rows.length,
      metadata: { currencyCode: 'EUR', timeZone: 'Europe/Berlin' },
      propertyQuota: { tokensPerHour: { consumed: 2, remaining: 39_998 } },
      kind: 'analyticsData#runReport',
    },
  };
}
