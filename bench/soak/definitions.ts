import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the simulated past begins, so long ago that a run of days ends before today. */
export const FIRST_DAY = '1990-01-01';

export const PARTNER = 'soak';
/** The other PostgreSQL database. */
export const TARGET = 'mart';
export const WEBHOOK = 'changes';

/**
 * Streams of each disposition from the simulator, with limits of every kind, and two that are only pushed. What is kept is kept for so short
 * that a table without an end to its growth is seen within minutes.
 */
const definition = `name: ${PARTNER}
baseUrl: \${SOAK_URL}
auth: { type: bearer, token: '\${SOAK_TOKEN}' }
limits:
  rate: 300
  per: 1s
  burst: 40
  concurrency: 6
  quotas: [{ name: day, limit: 10000000, per: 1d }]
timeout: 1500ms
grant: { requests: 20, time: 5s }
retry: { attempts: 40, base: 50ms, cap: 300ms, total: 3m }
targets: [${TARGET}]
keep:
  log: { versionsPerKey: 2, atLeast: 1s, underHistory: true }
  ledger: 1s
  settled: 1s
webhooks:
  ${WEBHOOK}:
    preset: standard
    secrets: [{ value: '\${SOAK_WEBHOOK_SECRET}' }]
    routes:
      - { when: { values: ['payment.*'] }, stream: payments, as: record, record: data }
streams:
  payments:
    path: /v1/payments
    query: { limit: 50 }
    records: data
    primaryKey: [id]
    version: [updated_at, sequence]
    lane: critical
    history: true
    pagination: { type: token, token: next_cursor, as: cursor, hasMore: has_more }
    incremental: { field: updated_at, start: { as: updated_since }, end: { as: updated_until }, lookback: 5m, initial: 1988-01-01T00:00:00Z }
    schema:
      type: object
      required: [id, customer_id, amount_minor, currency, updated_at, sequence]
      properties:
        id: { type: string }
        customer_id: { type: string }
        amount_minor: { type: integer }
        currency: { type: string }
        status: { type: string }
        description: { type: [string, 'null'] }
        created_at: { type: string, format: date-time }
        updated_at: { type: string, format: date-time }
        sequence: { type: integer }
        metadata: { type: object }
  customers:
    path: /v1/customers
    records: data
    primaryKey: [id]
    version: [updated_at]
    # So short that nights in trouble are late, and somebody is told.
    freshness: 15s
    pagination: { type: offset, limit: 20, limitAs: limit, total: total }
    errorBudget: { count: 50, share: 0.9 }
    schema:
      type: object
      required: [id, email, country, created_at, updated_at]
      properties:
        id: { type: string }
        email: { type: string }
        country: { type: string }
        created_at: { type: string, format: date-time }
        updated_at: { type: string, format: date-time }
  payment_methods:
    path: /v1/payment_methods
    records: data
    primaryKey: [id]
    version: [updated_at]
    parent: { stream: customers, field: id, as: customer_ids, in: query, batch: 10, separator: ',' }
    schema:
      type: object
      required: [id, customer_id]
      properties:
        id: { type: string }
        customer_id: { type: string }
        updated_at: { type: string, format: date-time }
  refunds:
    path: /v1/refunds
    query: { per_page: 20 }
    primaryKey: [id]
    version: [updated_at]
    requires: { original: { stream: payments, by: payment_id } }
    deletes: { sweep: true }
    pagination: { type: link }
    schema:
      type: object
      required: [id, payment_id, amount_minor]
      properties:
        id: { type: string }
        payment_id: { type: string }
        amount_minor: { type: integer }
        status: { type: string }
        updated_at: { type: string, format: date-time }
  refunds_listed:
    path: /v1/refunds
    query: { per_page: 25 }
    primaryKey: [id]
    version: [updated_at]
    disposition: replace
    pagination: { type: link }
    schema:
      type: object
      required: [id, payment_id, amount_minor]
      properties:
        id: { type: string }
        payment_id: { type: string }
        amount_minor: { type: integer }
        updated_at: { type: string, format: date-time }
  events:
    path: /v1/events
    query: { limit: 40 }
    records: data
    primaryKey: [id]
    disposition: append
    pagination: { type: keyset, field: id, as: starting_after, hasMore: has_more }
    incremental: { field: created_at, start: { as: created_since }, end: { as: created_until }, lookback: 5m, initial: 1988-01-01T00:00:00Z }
    schema:
      type: object
      required: [id, type, created_at]
      properties:
        id: { type: string }
        type: { type: string }
        object_id: { type: string }
        created_at: { type: string, format: date-time }
  orders:
    push: { keepKeys: 1m }
    primaryKey: [id]
    version: [changed_at]
    schema:
      type: object
      required: [id, changed_at]
      properties: { id: { type: string }, total: { type: integer }, changed_at: { type: string, format: date-time } }
  order_lines:
    push: { keepKeys: 1m }
    primaryKey: [id]
    requires: { order: { stream: orders, by: order_id } }
    schema:
      type: object
      required: [id, order_id]
      properties: { id: { type: string }, order_id: { type: string }, pieces: { type: integer } }
`;

/** Written into `dir`: the partner, the other target, and who is told of alerts. */
export async function writeDefinitions(
  dir: string,
  { martUrl, sinkUrl }: { readonly martUrl: string; readonly sinkUrl: string },
): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, `${PARTNER}.yaml`), definition);
  await writeFile(
    join(dir, 'targets.yaml'),
    `targets:\n  ${TARGET}: { type: postgres, url: ${JSON.stringify(martUrl)}, every: 1s }\n`,
  );
  await writeFile(
    join(dir, 'alerts.yaml'),
    `channels:\n  sink: { type: webhook, url: ${JSON.stringify(sinkUrl)} }\nroutes:\n  - { to: [sink], wait: 1s }\n`,
  );
}
