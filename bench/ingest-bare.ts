import fastify from 'fastify';
import { Pool } from 'pg';
import { copyInto } from '../targets/postgres/copy.ts';
import { copyField } from '../targets/postgres/copy-text.ts';

/**
 * What fastify and PostgreSQL can do by themselves with pushed records: parse, COPY the same rows (log, table, ledger) for all requests that arrived
 * together in one transaction, commit, answer 202. No key, no check, no version, no hash, no stored answer.
 */
const pool = new Pool({ connectionString: process.env['DATABASE_URL'] });
const setup = await pool.connect();
await setup.query('drop schema if exists bare cascade; create schema bare');
await setup.query(`create table bare.events (event bigint primary key, page bigint not null, operation "char" not null, ordinal integer not null, key text collate "C",
  version text collate "C", event_time timestamptz, received_at timestamptz not null, hash uuid not null, payload json not null)`);
await setup.query(`create table bare.rows (id text primary key, customer_id text, amount_minor bigint, currency text, status text, updated_at timestamptz,
  sequence bigint, _extra jsonb, _event bigint not null, _page bigint not null, _run integer not null, _version text, _hash uuid, _loaded_at timestamptz default now())`);
await setup.query(
  'create table bare.pages (page_key uuid primary key, page_id bigint not null unique, records integer, received_at timestamptz)',
);
setup.release();

interface Payment {
  readonly id: string;
  readonly customer_id: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly status: string;
  readonly updated_at: string;
  readonly sequence: number;
}
interface Waiting {
  readonly id: string;
  readonly records: readonly Payment[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

let waiting: Waiting[] = [];
let busy = false;
let event = 0;
let page = 0;
const HASH = '00000000000000000000000000000000';

async function work(): Promise<void> {
  busy = true;
  await new Promise(setImmediate);
  while (waiting.length > 0) {
    const group = waiting.splice(0, 500);
    const client = await pool.connect();
    try {
      const now = new Date().toISOString();
      const events: string[] = [];
      const rows: string[] = [];
      const pages: string[] = [];
      for (const { id, records } of group) {
        page += 1;
        pages.push(`${id}\t${page}\t${records.length}\t${now}\n`);
        records.forEach((record, ordinal) => {
          event += 1;
          const version = `${record.updated_at} ${record.sequence}`;
          events.push(
            `${event}\t${page}\tu\t${ordinal}\t${copyField(record.id)}\t${version}\t${record.updated_at}\t${now}\t${HASH}\t${copyField(JSON.stringify(record))}\n`,
          );
          rows.push(
            `${copyField(record.id)}\t${record.customer_id}\t${record.amount_minor}\t${record.currency}\t${record.status}\t${record.updated_at}\t${record.sequence}\t\\N\t${event}\t${page}\t0\t${version}\t${HASH}\n`,
          );
        });
      }
      await client.query('begin');
      await copyInto(
        client,
        'bare.events (event, page, operation, ordinal, key, version, event_time, received_at, hash, payload)',
        [Buffer.from(events.join(''))],
      );
      await copyInto(
        client,
        'bare.rows (id, customer_id, amount_minor, currency, status, updated_at, sequence, _extra, _event, _page, _run, _version, _hash)',
        [Buffer.from(rows.join(''))],
      );
      await copyInto(client, 'bare.pages (page_key, page_id, records, received_at)', [Buffer.from(pages.join(''))]);
      await client.query('commit');
      for (const { done } of group) done();
    } catch (error) {
      for (const { failed } of group) failed(error);
    } finally {
      client.release();
    }
  }
  busy = false;
}

const app = fastify({ genReqId: () => crypto.randomUUID(), bodyLimit: 8 * 1024 * 1024 });
app.post('/v1/bench/payments', async (request, reply) => {
  const body = request.body as Payment | readonly Payment[];
  const records = Array.isArray(body) ? (body as readonly Payment[]) : [body as Payment];
  await new Promise<void>((done, failed) => {
    waiting.push({ id: request.id, records, done, failed });
    if (!busy) void work();
  });
  return reply.status(202).send({ id: request.id, status: 'accepted', records: records.length });
});
console.log(`bare ready ${await app.listen({ host: '127.0.0.1', port: 0 })}`);
process.once('SIGTERM', () => void app.close().then(() => pool.end()));
