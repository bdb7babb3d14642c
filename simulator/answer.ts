import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { InvalidInput } from '../core/errors.ts';
import { isRowFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { damagedRow, pageRows, touchesRows } from './page-rows.ts';
import type { PageStyle } from './page-styles.ts';
import { planPage } from './plan-page.ts';
import type { PagePlan } from './plan-page.ts';
import { lastModifiedOf } from './prerender.ts';
import type { Rendered } from './prerender.ts';
import { METHOD_SLOTS, indexOf } from './records.ts';
import type { StreamName } from './records.ts';
import { errorReply, jsonReply } from './reply.ts';
import type { Reply } from './reply.ts';
import type { Route } from './routes.ts';
import { paymentsOf } from './payments-of.ts';
import { rangeOf, selectRows } from './select-rows.ts';
import type { Selection } from './select-rows.ts';
import type { World } from './world.ts';

export interface AnswerContext {
  readonly world: World;
  /** Of an older version than the table's: not to be used. */
  readonly rendered: ReadonlyMap<StreamName, Rendered>;
  readonly maxLimit: number;
}

export interface Question {
  readonly route: Route;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly faults: readonly Fault[];
}

/** The partner's API itself: a pure function of the world and the question. */
export function answer(context: AnswerContext, question: Question): Reply {
  const { world } = context;
  const { route, url } = question;
  if (route.kind === 'list')
    return listed(context, question, route.style, selectRows(world.tables[route.stream], rangeOf(url.searchParams)));
  if (route.kind === 'methodsOfCustomers') return methodsOf(world, question);
  if (route.kind === 'customerPayments') {
    const customer = indexOf('customers', route.customer);
    if (customer === undefined || !exists(world, 'customers', customer)) return notFound;
    return listed(context, question, route.style, paymentsOf(world, customer, rangeOf(url.searchParams)));
  }
  const index = indexOf(route.stream, route.id);
  if (index === undefined || !exists(world, route.stream, index)) return notFound;
  return jsonReply(200, damagedRow(world, route.stream, index, question.faults.filter(isRowFault)));
}

const notFound = errorReply(404, 'not_found', 'no such object');
const MAX_IDS = 50;

const exists = (world: World, stream: StreamName, index: number): boolean =>
  index < world.tables[stream].count && !world.tables[stream].removed.has(index);

function listed(context: AnswerContext, question: Question, style: PageStyle, selection: Selection): Reply {
  const { route, url, faults } = question;
  const limit = limitOf(url.searchParams.get(style.limitAs), style.limitAs, context.maxLimit);
  const cursor = url.searchParams.get(style.cursorAs);
  const from = cursor === null ? 0 : style.start(selection, cursor, limit);
  const validators: Record<string, string> = from === 0 ? validatorsOf(context.world, route.stream, url) : {};
  if (from === 0 && unchanged(question.headers, validators)) return { status: 304, headers: validators, body: [] };

  const plan = planPage({ length: selection.indexes.length, from, limit, fixedSize: style.fixedSize, faults });
  const { text, records } = rowsText(context, question, selection, plan);
  const { fields, headers } = style.envelope({ selection, plan, limit, url });
  const tail = fields === null ? ']' : `],${JSON.stringify(fields).slice(1)}`;
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers, ...validators },
    body: [Buffer.from(fields === null ? '[' : '{"data":['), text, Buffer.from(tail)],
    records,
  };
}

function rowsText(context: AnswerContext, question: Question, selection: Selection, plan: PagePlan) {
  const { stream } = question.route;
  const rendered = context.rendered.get(stream);
  if (rendered?.version === selection.table.version && selection.offset !== null && !question.faults.some(touchesRows))
    return {
      text: rendered.piece(selection.offset + plan.from, selection.offset + plan.to),
      records: plan.to - plan.from,
    };
  const rows = pageRows(context.world, stream, selection, plan, question.faults);
  return { text: Buffer.from(rows.map((row) => JSON.stringify(row)).join(',')), records: rows.length };
}

function methodsOf(world: World, question: Question): Reply {
  const ids = (question.url.searchParams.get('customer_ids') ?? '').split(',').filter((id) => id !== '');
  if (ids.length === 0 || ids.length > MAX_IDS)
    throw new InvalidInput(`customer_ids must name 1 to ${MAX_IDS} customers`);
  const customers = ids.map((id) => indexOf('customers', id));
  const wanted = customers.flatMap((customer) =>
    customer === undefined || !exists(world, 'customers', customer)
      ? []
      : Array.from({ length: METHOD_SLOTS }, (_, slot) => customer * METHOD_SLOTS + slot),
  );
  const indexes = Uint32Array.from(wanted.filter((index) => exists(world, 'payment_methods', index)));
  const selection = { table: world.tables.payment_methods, indexes, offset: null };
  const rows = pageRows(
    world,
    'payment_methods',
    selection,
    { from: 0, to: indexes.length, next: null },
    question.faults,
  );
  return { ...jsonReply(200, { data: rows, has_more: false }), records: rows.length };
}

function limitOf(text: string | null, name: string, most: number): number {
  if (text === null) return Math.min(100, most);
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1 || Number(text) > most)
    throw new InvalidInput(`${name} must be an integer from 1 to ${most}`);
  return Number(text);
}

function validatorsOf(world: World, stream: StreamName, url: URL): Record<string, string> {
  const table = world.tables[stream];
  const query = createHash('sha256').update(`${url.pathname}${url.search}`).digest('hex').slice(0, 12);
  return { etag: `"${stream}-${table.version}-${query}"`, 'last-modified': modifiedOnce(table).toUTCString() };
}

/** RFC 9110 §13.2.2: If-Modified-Since only counts without If-None-Match. */
function unchanged(headers: IncomingHttpHeaders, validators: Record<string, string>): boolean {
  const match = headers['if-none-match'];
  if (match !== undefined)
    return match
      .split(',')
      .some((each) => each.trim().replace(/^W\//, '') === validators['etag'] || each.trim() === '*');
  const since = headers['if-modified-since'];
  return since !== undefined && Date.parse(validators['last-modified'] ?? '') <= Date.parse(since);
}

const modified = new WeakMap<object, { readonly version: number; readonly at: Date }>();
function modifiedOnce(table: Parameters<typeof lastModifiedOf>[0]): Date {
  const known = modified.get(table);
  if (known?.version === table.version) return known.at;
  const at = lastModifiedOf(table);
  modified.set(table, { version: table.version, at });
  return at;
}
