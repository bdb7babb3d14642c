import type { StreamInput } from '../../definitions/definition.ts';
import type { Answers, OwnAnswer } from '../support/serve-answers.ts';

/** A record of the partner; its parents are `p0`, `p1` and `p2`. */
export interface Item {
  readonly id: string;
  readonly text: string;
  readonly updated_at: string;
  readonly parent: string;
}

/** A time, as so many seconds behind a fixed one. */
export const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

const PAGE = 5;
export const parents = ['p0', 'p1', 'p2'] as const;

const schema = {
  type: 'object',
  required: ['id', 'updated_at'],
  properties: {
    id: { type: 'string' },
    text: { type: 'string' },
    updated_at: { type: 'string', format: 'date-time' },
    parent: { type: 'string' },
  },
} as const;

const common = { records: 'data', primaryKey: ['id'], version: ['updated_at'], schema } satisfies Partial<StreamInput>;

/** A stream for each way of going from page to page, all of the same records. */
export const paginations = {
  cursor: { ...common, path: '/cursor', pagination: { type: 'token', token: 'next', as: 'after' } },
  offset: { ...common, path: '/offset', pagination: { type: 'offset', limit: PAGE, limitAs: 'limit' } },
  page: { ...common, path: '/page', pagination: { type: 'page', size: PAGE, sizeAs: 'per_page' } },
  link: { ...common, path: '/link', records: 'data', pagination: { type: 'link' } },
  nested: {
    ...common,
    path: '/nested/{parent}',
    pagination: { type: 'token', token: 'next', as: 'after' },
    parent: { stream: 'parents', field: 'id', as: 'parent' },
  },
} satisfies Readonly<Record<string, StreamInput>>;
export type Pagination = keyof typeof paginations;

export const parentStream = {
  path: '/parents',
  records: 'data',
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
} satisfies StreamInput;

/** A partner whose records change while it is read. */
export class MovingPartner {
  readonly records = new Map<string, Item>();
  /** Called before each page of records. */
  beforePage: (page: number) => void = () => {};
  #pages = 0;

  put(id: string, change: Partial<Item> = {}): Item {
    const known = this.records.get(id);
    const item: Item = {
      id,
      text: known?.text ?? `text of ${id}`,
      updated_at: known?.updated_at ?? at(0),
      parent: parents[Number(id.replaceAll(/\D/g, '')) % parents.length] as string,
      ...change,
    };
    this.records.set(id, item);
    return item;
  }

  readonly answer: Answers = (url) => {
    if (url.pathname === '/parents') return { body: { data: parents.map((id) => ({ id })) } };
    const one = /^\/items\/(.+)$/.exec(url.pathname)?.[1];
    if (one !== undefined) return this.#one(one);
    this.beforePage(++this.#pages);
    return this.#list(url);
  };

  #one(id: string): OwnAnswer {
    const item = this.records.get(id);
    return item === undefined ? { status: 404, body: {} } : { body: item };
  }

  #list(url: URL): OwnAnswer {
    const query = url.searchParams;
    const [, kind, parent] = url.pathname.split('/');
    const since = query.get('since') ?? '';
    const all = [...this.records.values()]
      .filter((item) => item.updated_at >= since && (parent === undefined || item.parent === parent))
      .toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
    if (kind === 'cursor' || kind === 'nested') {
      const after = query.get('after') ?? '';
      const page = all.filter((item) => placeOf(item) > after).slice(0, PAGE);
      const last = page.at(-1);
      return { body: { data: page, next: page.length < PAGE || last === undefined ? null : placeOf(last) } };
    }
    const from = kind === 'offset' ? Number(query.get('offset') ?? 0) : (Number(query.get('page') ?? 1) - 1) * PAGE;
    const data = all.slice(from, from + PAGE);
    if (kind !== 'link') return { body: { data } };
    const next = new URL(url);
    next.searchParams.set('page', String(from / PAGE + 2));
    return { headers: data.length < PAGE ? {} : { link: `<${next.href}>; rel="next"` }, body: { data } };
  }
}

/** In the order in which the partner lists them: what changes moves to the end. */
const placeOf = ({ updated_at, id }: Item): string => `${updated_at} ${id}`;
