import { InvalidInput } from '../core/errors.ts';
import type { PagePlan } from './plan-page.ts';
import { indexOf } from './records.ts';
import { firstTrue, positionOf, tokenOf } from './select-rows.ts';
import type { Selection } from './select-rows.ts';

/** How a listing is asked for and continued: real partners do it in all these ways. */
export interface PageStyle {
  /** The parameter that says how many rows, and the one that says where. */
  readonly limitAs: string;
  readonly cursorAs: string;
  /** The client counts: see `PageAsk.fixedSize`. */
  readonly fixedSize: boolean;
  /** Where the asked page begins, from the cursor parameter's text. */
  start(selection: Selection, cursor: string, limit: number): number;
  /** What stands beside the rows: in the body (null: the body is the bare array) and in headers. */
  envelope(page: PageFacts): { readonly fields: object | null; readonly headers: Readonly<Record<string, string>> };
}

export interface PageFacts {
  readonly selection: Selection;
  readonly plan: PagePlan;
  readonly limit: number;
  /** The request's own absolute URL. */
  readonly url: URL;
}

const numberOf = (text: string, name: string, least: number): number => {
  if (!/^\d{1,12}$/.test(text) || Number(text) < least)
    throw new InvalidInput(`${name} must be an integer from ${least}`);
  return Number(text);
};
const pageStart = (_: Selection, cursor: string, limit: number): number => (numberOf(cursor, 'page', 1) - 1) * limit;
const withParam = (url: URL, name: string, value: string): string => {
  const next = new URL(url);
  next.searchParams.set(name, value);
  return next.href;
};
const tokenAfter = ({ selection, plan }: PageFacts): string | null =>
  plan.next === null ? null : tokenOf(selection, plan.next);

export const pageStyles = {
  token: {
    limitAs: 'limit',
    cursorAs: 'cursor',
    fixedSize: false,
    start: positionOf,
    envelope: (page) => ({
      fields: { has_more: page.plan.next !== null, next_cursor: tokenAfter(page) },
      headers: {},
    }),
  },
  nextUrl: {
    limitAs: 'limit',
    cursorAs: 'after',
    fixedSize: false,
    start: positionOf,
    envelope: (page) => {
      const token = tokenAfter(page);
      const next = token === null ? null : withParam(page.url, 'after', token);
      return { fields: { total: page.selection.indexes.length, next_url: next }, headers: {} };
    },
  },
  keyset: {
    limitAs: 'limit',
    cursorAs: 'starting_after',
    fixedSize: false,
    start: (selection, id) => {
      const index = indexOf('events', id);
      if (index === undefined || index >= selection.table.count)
        throw new InvalidInput('starting_after names no event');
      return firstTrue(selection.indexes.length, (position) => (selection.indexes[position] ?? 0) > index);
    },
    envelope: (page) => ({ fields: { has_more: page.plan.next !== null }, headers: {} }),
  },
  offset: {
    limitAs: 'limit',
    cursorAs: 'offset',
    fixedSize: false,
    start: (_, cursor) => numberOf(cursor, 'offset', 0),
    envelope: ({ selection, plan, limit }) => ({
      fields: { total: selection.indexes.length, offset: plan.from, limit },
      headers: {},
    }),
  },
  page: {
    limitAs: 'per_page',
    cursorAs: 'page',
    fixedSize: true,
    start: pageStart,
    envelope: ({ selection, plan, limit }) => {
      const total = selection.indexes.length;
      const page = Math.floor(plan.from / limit) + 1;
      return { fields: { total, page, per_page: limit, total_pages: Math.ceil(total / limit) }, headers: {} };
    },
  },
  /** RFC 8288. */
  link: {
    limitAs: 'per_page',
    cursorAs: 'page',
    fixedSize: true,
    start: pageStart,
    envelope: ({ selection, plan, limit, url }) => {
      const to = (position: number, rel: string): string =>
        `<${withParam(url, 'page', String(Math.floor(position / limit) + 1))}>; rel="${rel}"`;
      const links = [to(0, 'first'), ...(plan.next === null ? [] : [to(plan.next, 'next')])];
      const total = String(selection.indexes.length);
      return { fields: null, headers: { link: links.join(', '), 'x-total-count': total } };
    },
  },
} as const satisfies Record<string, PageStyle>;
