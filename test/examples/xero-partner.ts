import type { Asked, Played, Player } from './open-plays.ts';

export interface XeroInvoice {
  readonly InvoiceID: string;
  readonly Total: number;
  readonly UpdatedDateUTC: string;
}

export interface XeroState {
  invoices: readonly XeroInvoice[];
  contacts: readonly object[];
  accounts: readonly object[];
  /** The only access token and the only refresh token that hold. */
  access: string;
  refresh: string;
  /** How often they were given. */
  given: number;
}

const SIZE = 2;
const remaining = { 'x-minlimit-remaining': '59', 'x-daylimit-remaining': '4999', 'x-appminlimit-remaining': '9999' };
const millis = (text: string): number => Number(/\d+/.exec(text)?.[0]);

/** One organisation, `tenant-1`, and the token endpoint, where a refresh token holds once. */
export function xeroPartner(state: XeroState): Player {
  return (asked) => {
    if (asked.path === '/connect/token') return grant(asked, state);
    if (asked.headers.authorization !== `Bearer ${state.access}`)
      return {
        status: 401,
        body: { Title: 'Unauthorized', Status: 401, Detail: 'TokenExpired: token expired', Instance: 'i-1' },
      };
    if (asked.headers['xero-tenant-id'] !== 'tenant-1' || asked.headers.accept !== 'application/json')
      return { status: 403, body: { Title: 'Forbidden', Status: 403, Detail: 'AuthenticationUnsuccessful' } };
    if (asked.path === '/api.xro/2.0/Invoices') return paged('Invoices', state.invoices, asked);
    if (asked.path === '/api.xro/2.0/Contacts') return paged('Contacts', state.contacts, asked);
    return { headers: remaining, body: { Id: 'r-1', Status: 'OK', Accounts: state.accounts } };
  };
}

function grant(asked: Asked, state: XeroState): Played {
  const form = new URLSearchParams(asked.text);
  const basic = `Basic ${Buffer.from('client:secret').toString('base64')}`;
  if (form.get('refresh_token') !== state.refresh || asked.headers.authorization !== basic)
    return { status: 400, body: { error: 'invalid_grant' } };
  state.given += 1;
  state.access = `access-${state.given}`;
  state.refresh = `refresh-${state.given}`;
  return {
    body: { access_token: state.access, refresh_token: state.refresh, expires_in: 1800, token_type: 'Bearer' },
  };
}

function paged(name: string, all: readonly object[], { query, headers }: Asked): Played {
  // A UTC time without a zone, such as 2009-11-12T00:00:00.
  const since = headers['if-modified-since'];
  if (since !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(since))
    return { status: 400, body: { ErrorNumber: 16, Type: 'QueryParseException', Message: 'no time' } };
  const found = all.filter(
    (one) => since === undefined || millis((one as XeroInvoice).UpdatedDateUTC) >= Date.parse(`${since}Z`),
  );
  const page = Number(query.get('page'));
  return {
    headers: remaining,
    body: {
      Id: 'r-1',
      Status: 'OK',
      ProviderName: 'Acme',
      pagination: { page, pageSize: SIZE, pageCount: Math.ceil(found.length / SIZE), itemCount: found.length },
      [name]: found.slice((page - 1) * SIZE, page * SIZE),
    },
  };
}
