import { pageStyles } from './page-styles.ts';
import type { PageStyle } from './page-styles.ts';
import { streams } from './records.ts';
import type { StreamName } from './records.ts';

/** What a path means. */
export type Route =
  | { readonly kind: 'list'; readonly stream: StreamName; readonly style: PageStyle }
  | { readonly kind: 'get'; readonly stream: StreamName; readonly id: string }
  | {
      readonly kind: 'customerPayments';
      readonly stream: 'payments';
      readonly customer: string;
      readonly style: PageStyle;
    }
  | { readonly kind: 'methodsOfCustomers'; readonly stream: 'payment_methods' };

const lists: Readonly<Record<string, Route>> = {
  '/v1/payments': { kind: 'list', stream: 'payments', style: pageStyles.token },
  '/v1/customers': { kind: 'list', stream: 'customers', style: pageStyles.offset },
  '/v1/refunds': { kind: 'list', stream: 'refunds', style: pageStyles.link },
  '/v1/events': { kind: 'list', stream: 'events', style: pageStyles.keyset },
  '/v2/payments': { kind: 'list', stream: 'payments', style: pageStyles.nextUrl },
  '/v2/customers': { kind: 'list', stream: 'customers', style: pageStyles.page },
  '/v1/payment_methods': { kind: 'methodsOfCustomers', stream: 'payment_methods' },
};

export function routeOf(path: string): Route | undefined {
  const list = lists[path];
  if (list !== undefined) return list;
  const customer = /^\/v1\/customers\/([^/]+)\/payments$/.exec(path)?.[1];
  if (customer !== undefined)
    return { kind: 'customerPayments', stream: 'payments', customer, style: pageStyles.token };
  const [, name, id] = /^\/v1\/([a-z_]+)\/([^/]+)$/.exec(path) ?? [];
  const stream = streams.find((each) => each === name);
  return stream === undefined || id === undefined ? undefined : { kind: 'get', stream, id };
}
