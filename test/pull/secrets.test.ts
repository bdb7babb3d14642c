import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PartnerInput } from '../../definitions/definition.ts';
import type { FaultInput } from '../../simulator/fault.ts';
import type { SimulatorOptions } from '../../simulator/options.ts';
import { openPullBench } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import * as streams from '../support/simulator-streams.ts';

/** Requests of an access token. */
const TOKEN_LIVES = 10;

/** In every secret of this file, and in no other text. */
const CANARY = 'canary7f3e91';
const secret = (name: string): string => `${CANARY}-${name}`;

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

interface Case {
  readonly name: string;
  readonly auth: PartnerInput['auth'];
  readonly simulator: SimulatorOptions['auth'];
  /** A secret that the partner gives out by itself. */
  readonly given?: string;
}

const oauth = { type: 'oauth2', tokenUrl: '$SIM/oauth/token', clientId: 'me', clientSecret: secret('client') } as const;
const cases = [
  {
    name: 'a bearer token',
    auth: { type: 'bearer', token: secret('bearer') },
    simulator: { type: 'bearer', token: secret('bearer') },
  },
  {
    name: 'a key in the query',
    auth: { type: 'apiKey', in: 'query', name: 'key', key: secret('key') },
    simulator: { type: 'apiKey', in: 'query', name: 'key', key: secret('key') },
  },
  {
    name: 'a password',
    auth: { type: 'basic', username: 'me', password: secret('password') },
    simulator: { type: 'basic', username: 'me', password: secret('password') },
  },
  {
    name: 'a signing secret',
    auth: { type: 'hmac', secret: secret('hmac'), header: 'x-signature', timestampHeader: 'x-time' },
    simulator: { type: 'hmac', secret: secret('hmac'), timestampHeader: 'x-time' },
  },
  {
    name: 'a client secret and refresh tokens',
    auth: { ...oauth, grant: 'refresh_token', refreshToken: secret('refresh') },
    simulator: {
      type: 'oauth2',
      clientId: 'me',
      clientSecret: secret('client'),
      refreshToken: secret('refresh'),
      // Four streams share a token: each must get through with a new one before it ends.
      expiresAfterRequests: TOKEN_LIVES,
    },
  },
] as const satisfies readonly Case[];

/** All kinds of ends: two streams fail, one for good, and one has records in quarantine. */
const faults: FaultInput[] = [
  { kind: 'status', stream: 'events', after: 1, status: 403 },
  { kind: 'truncated', stream: 'refunds', nth: [1, 2, 3, 4] },
  { kind: 'reset', stream: 'customers', at: 'middle', nth: 2 },
  { kind: 'expired_token', stream: 'customers', nth: 5 },
  { kind: 'malformed', stream: 'payments', field: 'currency', count: 2 },
];

describe('whatever becomes of a run', () => {
  let outcomes: readonly Record<string, unknown>[];
  let requests: readonly number[];
  beforeAll(async () => {
    const reports = await Promise.all(
      cases.map(({ auth, simulator }) =>
        bench.syncOnce({
          simulator: { auth: simulator, faults },
          streams: {
            payments: { ...streams.paymentsByUrl, errorBudget: { share: 1 } },
            customers: streams.customers,
            refunds: streams.refunds,
            events: streams.events,
          },
          partner: { auth },
        }),
      ),
    );
    requests = reports.map(({ report }) => report.streams.reduce((sum, each) => sum + each.requests, 0));
    outcomes = reports.map(({ report }) =>
      Object.fromEntries(report.streams.map(({ stream, outcome }) => [stream, outcome])),
    );
  });

  test('all kinds of ends are there, or nothing would be proved', () => {
    const all = { payments: 'partial', refunds: 'failed', events: 'failed' };
    expect(outcomes).toEqual(cases.map(() => expect.objectContaining(all)));
    // A token was renewed in the middle.
    expect(requests.at(-1)).toBeGreaterThan(TOKEN_LIVES);
  });

  test('no secret and no record is in any history of Temporal', async () => {
    const texts: string[] = [];
    for await (const { workflowId, runId } of bench.client.workflow.list())
      texts.push(textOf(await bench.client.workflow.getHandle(workflowId, runId).fetchHistory()));
    const all = texts.join('\n');
    // Five runs with four streams and a governor each; the last words of one of them prove that payloads are read here.
    expect(texts).toHaveLength(30);
    expect(all).toContain('expected JSON, found something else or a part of it');
    expect(all).not.toContain(CANARY);
    expect(all).not.toMatch(recordText);
  });

  test('none is in any line that was logged', async () => {
    const logged = bench.logged();
    expect(logged).toContain('partner answered');
    expect(logged).not.toContain(CANARY);
    expect(logged).not.toMatch(recordText);
  });

  test('no secret is in any table', async () => {
    const tables = await bench.pool.query<{ name: string }>(
      `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    let dump = '';
    for (const { name } of tables.rows) {
      const { rows } = await bench.pool.query<{ text: string }>(
        `select coalesce(string_agg(t::text, E'\\n'), '') as text from ${name} t`,
      );
      dump += `${name}\n${rows[0]?.text ?? ''}\n`;
    }
    // The dump holds what it should hold: the cursors and the sealed tokens too.
    expect(dump).toContain('syncline.tokens');
    expect(dump).toContain('/v2/payments?');
    expect(dump).not.toContain(CANARY);
    expect(dump).not.toContain(Buffer.from(CANARY).toString('hex'));
    expect(dump).not.toContain(Buffer.from(CANARY).toString('base64').slice(0, 15));
  });
});

/** Text that only records hold: see simulator/records.ts. */
const recordText = /user\d+@example|INV-\d{6}|Main Street|amount_minor"/;

/** All texts within a history, with those inside its payloads. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(textOf).join('\n');
}
