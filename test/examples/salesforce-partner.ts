import type { KeyObject } from 'node:crypto';
import { jwtVerify } from 'jose';
import { pageOf, type Asked, type Played, type Player } from './open-plays.ts';

export interface SalesforceRecord {
  readonly Id: string;
  readonly SystemModstamp: string;
  readonly IsDeleted: boolean;
}

export interface SalesforceState {
  accounts: readonly SalesforceRecord[];
  opportunities: readonly SalesforceRecord[];
  /** The only session that holds. */
  session: string;
  /** Cursors are forgotten once. */
  forgetful: boolean;
  logins: number;
  contacts: readonly SalesforceContact[];
  /** Queries of bulk jobs, in order. */
  readonly jobs: string[];
  /** Polls that found one at work. */
  atWork: number;
}

export interface SalesforceContact {
  readonly Id: string;
  readonly LastName: string;
  readonly SystemModstamp: string;
}

const SIZE = 2;
const HOME = '/services/data/v62.0';
const refuse = (status: number, errorCode: string, message: string): Played => ({
  status,
  body: [{ message, errorCode }],
});

/** An org, and its login: a JWT that `key` has signed is exchanged for a session. */
export function salesforcePartner(state: SalesforceState, key: KeyObject): Player {
  return async (asked, url) => {
    if (asked.path === '/services/oauth2/token') return logIn(asked, { state, key, url });
    if (asked.headers.authorization !== `Bearer ${state.session}`)
      return refuse(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    const { path, query } = asked;
    const kind = query.get('q')?.includes('FROM Account') === true ? 'accounts' : 'opportunities';
    if (path.startsWith(`${HOME}/jobs/query`)) return bulk(asked, state);
    if (path === `${HOME}/queryAll`) return soql(query.get('q') ?? '', kind, state);
    const [, more, cursor] = /\/query\/(\w+)-(\d+)$/.exec(path) ?? [];
    if (more === undefined || cursor === undefined) return refuse(404, 'NOT_FOUND', 'The requested resource is not');
    if (!state.forgetful) return soqlPage(state[more as typeof kind], more, cursor);
    state.forgetful = false;
    return refuse(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
  };
}

async function logIn(
  { text }: Asked,
  { state, key, url }: { readonly state: SalesforceState; readonly key: KeyObject; readonly url: string },
): Promise<Played> {
  const form = new URLSearchParams(text);
  const { payload } = await jwtVerify(form.get('assertion') ?? '', key, { issuer: 'client', audience: url });
  if (payload.sub !== 'sync@acme.example' || form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    return { status: 400, body: { error: 'invalid_grant', error_description: 'user is not approved' } };
  state.logins += 1;
  state.session = `session-${state.logins}`;
  return { body: { access_token: state.session, scope: 'api', instance_url: url, token_type: 'Bearer' } };
}

/** A job is at work once; its result has two rows a page. */
function bulk({ method, path, query, text }: Asked, state: SalesforceState): Played {
  const [, id, results] = /\/jobs\/query\/750-(\d+)(\/results)?$/.exec(path) ?? [];
  if (id === undefined) {
    if (method !== 'POST') return refuse(405, 'METHOD_NOT_ALLOWED', 'HTTP Method not allowed');
    const { query: q } = JSON.parse(text) as { query: string };
    state.jobs.push(q);
    state.atWork = 1;
    return { body: { id: `750-${state.jobs.length}`, operation: 'queryAll', state: 'UploadComplete' } };
  }
  const from = />= (\S+) AND/.exec(state.jobs[Number(id) - 1] ?? '')?.[1];
  const found = state.contacts.filter(({ SystemModstamp: at }) => from === undefined || at >= from);
  if (results === undefined) {
    if (state.atWork-- > 0) return { body: { id: `750-${id}`, state: 'InProgress' } };
    return { body: { id: `750-${id}`, state: 'JobComplete', numberRecordsProcessed: found.length } };
  }
  const { items, next } = pageOf(found, query.get('locator'), SIZE);
  return {
    headers: {
      'content-type': 'text/csv',
      'sforce-locator': next ?? 'null',
      'sforce-numberofrecords': `${items.length}`,
    },
    text: [
      'Id,AccountId,FirstName,LastName,Email,IsDeleted,SystemModstamp',
      ...items.map((contact) => `${contact.Id},1,,"${contact.LastName}",,false,${contact.SystemModstamp}`),
      '',
    ].join('\n'),
  };
}

function soql(q: string, kind: 'accounts' | 'opportunities', state: SalesforceState): Played {
  const [, all, where] =
    /^SELECT (?:\w+, )+SystemModstamp FROM (?:Account|Opportunity) (?:(ORDER)|WHERE (.+) ORDER) BY SystemModstamp, Id$/.exec(
      q,
    ) ?? [];
  if (all === undefined && where === undefined) return refuse(400, 'MALFORMED_QUERY', `unexpected token: ${q}`);
  const [, from = '', to = ''] =
    /^SystemModstamp >= ([\dT:.Z-]+) AND SystemModstamp < ([\dT:.Z-]+)$/.exec(where ?? '') ?? [];
  const found = state[kind].filter(
    ({ SystemModstamp: at }) =>
      where === undefined || (Date.parse(at) >= Date.parse(from) && Date.parse(at) < Date.parse(to)),
  );
  return soqlPage(found, kind, undefined);
}

/** A cursor is of all records here: only first readings are long enough to need one. */
function soqlPage(found: readonly SalesforceRecord[], kind: string, cursor: string | undefined): Played {
  const { items, next } = pageOf(found, cursor, SIZE);
  return {
    headers: { 'sforce-limit-info': 'api-usage=18/100000' },
    body: {
      totalSize: found.length,
      done: next === undefined,
      ...(next === undefined ? {} : { nextRecordsUrl: `${HOME}/query/${kind}-${next.replace(/\D/g, '')}` }),
      records: items.map((record) => ({ attributes: { type: kind }, ...record })),
    },
  };
}
