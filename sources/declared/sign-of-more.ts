import { readLinks } from './paginate/read-links.ts';
import { saysNone } from './paginate/says-none.ts';

/** Names by which bodies announce another page. */
const announcing =
  /^(has_?(more|next)(_?(pages?|items|results|records|data))?|more(_?(results|items|records|available))?|is_?truncated|(@odata\.|__|odata\.)?next(_?(page|cursor|token|url|uri|link|href|results|offset|start|batch|marker|records_?url)(_?(token|url|uri|link|cursor|id|start))?)?|continuation(_?token)?)$/i;
/** And names of which a plain `false` does. */
const ending =
  /^((is_?)?(last|done|final|complete)(_?page)?|end_?of_?(stream|list|listing|data|results|records)|finished)$/i;
const records =
  /^(total(_?(count|results|records|items|size|elements|hits|entries|rows))?|(@odata\.|odata\.|__)count|num_?(found|results|items))$/i;
const pages = /^(total_?pages|page_?count|num_?pages|last_?page)$/i;

/** What bodies wrap such fields in. */
const wrapping =
  /^_?(meta(_?data)?|paging|pagination|paginator|pager|page_?info|page|links|cursors?|response_?metadata|d|data|results?|response|info)$/i;
/** How deep they are looked for: `data.orders.pageInfo`. */
const DEEP = 3;

const pageHeaders = ['x-next-page', 'x-next-cursor', 'x-next-token'];
const countHeaders = {
  records: ['x-total-count', 'x-total', 'x-wp-total'],
  pages: ['x-total-pages', 'x-wp-totalpages'],
};

export interface Signs {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The same of an empty page: some partners name a next page behind their last one, too, but none says outright that there is one. */
export function flagOfMore({ body }: Pick<Signs, 'body'>): string | undefined {
  const name = findField(body, (field, value) =>
    announcing.test(field) ? value === true || value === 'true' : ending.test(field) && value === false,
  );
  return name === undefined ? undefined : `the page is empty, and its field "${name}" announces another one`;
}

/** In words, what in an answer says that there is another page; undefined: nothing. `none`: values that mean there is none. */
export function signOfMore({ headers, body, none }: Signs & { readonly none?: unknown }): string | undefined {
  if (namesNext(headers['link'])) return 'the Link header names a next page';
  const header = pageHeaders.find((name) => !saysNone(headers[name], none));
  if (header !== undefined) return `the header ${header} names a next page`;
  const announces = (name: string, value: unknown): boolean =>
    (announcing.test(name) && !saysNone(value, none)) || (ending.test(name) && value === false);
  const name = findField(body, announces);
  return name === undefined ? undefined : `the answer's field "${name}" announces another page`;
}

const exceeds = (most: number, value: unknown): boolean =>
  /^\d{1,15}$/.test(typeof value === 'number' || typeof value === 'string' ? String(value) : '') &&
  Number(value) > most;

/** The same of numbers that a single answer states: they are more than came with it. */
export function statesMore({ headers, body }: Signs, received: number): string | undefined {
  const header =
    countHeaders.records.find((name) => exceeds(received, headers[name])) ??
    countHeaders.pages.find((name) => exceeds(1, headers[name]));
  if (header !== undefined) return `the header ${header} states more than came`;
  const name = findField(
    body,
    (field, value) => (records.test(field) && exceeds(received, value)) || (pages.test(field) && exceeds(1, value)),
  );
  return name === undefined ? undefined : `the answer's field "${name}" states more than came`;
}

/** A next page of something else, too: who passes it over has to know. */
function namesNext(header: string | undefined): boolean {
  if (header === undefined) return false;
  try {
    return readLinks(header).some(({ rels }) => rels.includes('next'));
  } catch {
    return false;
  }
}

type Says = (name: string, value: unknown) => boolean;

/** The name of the first field that says so, of the answer itself or of what it wraps such fields in. */
function findField(
  body: unknown,
  says: Says,
  deep = DEEP,
  place: 'wrapping' | 'list' = 'wrapping',
): string | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const fields = Object.entries(body);
  const found = place === 'wrapping' ? fields.find(([name, value]) => says(name, value)) : undefined;
  if (found !== undefined || deep === 0) return found?.[0];
  for (const [name, value] of fields) {
    if (!wrapping.test(name)) continue;
    const inner = findField(value, says, deep - 1) ?? (name === 'data' ? besideList(value, says, deep - 1) : undefined);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** GraphQL has what it says of pages beside the list, under the name of the list: `data.orders.pageInfo`. */
function besideList(data: unknown, says: Says, deep: number): string | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  for (const value of Object.values(data)) {
    const found = findField(value, says, deep, 'list');
    if (found !== undefined) return found;
  }
  return undefined;
}
