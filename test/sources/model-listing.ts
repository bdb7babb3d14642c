import * as fc from 'fast-check';
import type { PageRequest } from '../../core/page.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { MemoryAnswer } from '../support/read-in-memory.ts';
import { randomOf } from '../../simulator/random.ts';

const usually = <const T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...others) });

/** A partner's listing, and what is wrong with it. */
const arbitrary = fc.record({
  kind: fc.constantFrom('none', 'token', 'nextUrl', 'link', 'offset', 'page', 'keyset', 'function'),
  records: fc.nat(24),
  /** Asked for, and the most that the partner gives. */
  size: fc.integer({ min: 1, max: 5 }),
  cap: fc.integer({ min: 1, max: 5 }),
  total: usually('none', 'exact', 'text', 'capped', 'high'),
  totalPages: usually('none', 'exact', 'capped'),
  /** The flag that the definition names, and what it says. */
  flag: usually('none', 'hasMore', 'isLast', 'words'),
  flagSays: usually('truth', 'always more', 'never more'),
  /** It says `has_more`, which the definition does not name. */
  announces: fc.boolean(),
  stopOnShort: fc.boolean(),
  behind: usually('nothing', 'the last page', 'a refusal', 'the first page again'),
  /** What stands where no page follows; `self`: the page itself. */
  noNext: usually<unknown>(null, 0, '', false, '0', 'null', undefined, 'self'),
  /** It gives its first page, whatever is asked for. */
  ignores: usually(false, false, false, true),
  /** Percent of the pages. */
  short: usually(0, 0, 20, 60),
  empty: usually(0, 0, 20, 60),
  /** So many records of the page before come again. */
  overlap: usually(0, 0, 1, 2),
  /** Behind so many pages the listing seems to end; 0: it does not. */
  endsEarly: usually(0, 0, 0, 1, 2, 3),
  drift: usually('none', 'none', 'deletes', 'inserts'),
  /** With this request all cursors die; 0: they live. */
  dies: usually(0, 0, 0, 2, 3, 5),
  grantRequests: fc.constantFrom(1, 2, 3, 7, 500),
  seed: fc.nat(),
});
type Listing = typeof arbitrary extends fc.Arbitrary<infer L> ? L : never;
export type { Listing };

const byNumber = ({ kind }: Listing): boolean => kind === 'offset' || kind === 'page';
/** Something that is true tells how much there is, or that there is more. */
const isCounted = ({ total, kind }: Listing): boolean => (total === 'exact' || total === 'text') && kind !== 'function';
const isFlagged = ({ flag, flagSays, kind }: Listing): boolean =>
  flag !== 'none' && flagSays === 'truth' && kind !== 'function' && kind !== 'none';

/**
 * Lies that no reader can see (docs/endings.md lists them): what came agrees with all that was said, and still a record is missing.
 */
export function canBeSeen(listing: Listing): boolean {
  const { kind, size, cap, total, totalPages, flag, flagSays, announces, stopOnShort, ignores } = listing;
  const { short, endsEarly, drift, records } = listing;
  const counted = isCounted(listing);
  // An end that is said outright, and nothing that says otherwise.
  if (flag !== 'none' && flagSays === 'never more' && !counted) return false;
  if (endsEarly > 0 && !counted) {
    const pages = kind === 'page' && totalPages === 'exact' && flag === 'none';
    if (!isFlagged(listing) && !announces && !pages) return false;
    if (kind === 'function' && !announces) return false;
  }
  // An end too early, and as much deleted of what came that the rest agrees with the total.
  const early = endsEarly > 0 || (flag !== 'none' && flagSays === 'never more');
  if (early && drift === 'deletes' && !isFlagged(listing) && !announces) return false;
  // One answer that is not all, and does not say so.
  if (kind === 'none' && records > Math.min(size, cap) && !announces && !counted) return false;
  // What is deleted while places are counted moves the rest past the reader; only a true total tells.
  if (byNumber(listing) && drift === 'deletes' && !counted) return false;
  // A page by its number that leaves out what it does not give.
  if (kind === 'page' && short > 0 && !counted) return false;
  // The definition says that a page that is not full is the last one, and it is not so.
  const notFull = cap < size || short > 0;
  if (byNumber(listing) && stopOnShort && notFull && !counted && !isFlagged(listing)) return false;
  // A number that is too low, and no more than that came.
  const low = total === 'capped' || (kind === 'page' && totalPages === 'capped');
  if (ignores && low && !isFlagged(listing)) return false;
  // Such a number, reached just when a new record moves the rest, so that a page comes twice.
  if (byNumber(listing) && low && drift === 'inserts' && notFull) return false;
  return true;
}

/** Nothing is wrong with it: whoever calls it anything but `ok` cries wolf. */
export function isHonest(listing: Listing): boolean {
  const { kind, size, cap, records, total, totalPages, flag, flagSays, stopOnShort, behind, noNext } = listing;
  const { ignores, short, overlap, endsEarly, drift, dies } = listing;
  if (ignores || endsEarly > 0 || drift !== 'none' || dies > 0) return false;
  if (total === 'high' || (flag !== 'none' && flagSays !== 'truth')) return false;
  if (kind === 'none') return records <= Math.min(size, cap) && total !== 'capped';
  if (kind === 'page')
    return short === 0 && totalPages !== 'capped' && behind === 'nothing' && (!stopOnShort || cap >= size);
  // A page that holds nothing but what came before looks like a listing that stands still.
  if (kind === 'offset' && overlap > 0) return false;
  if (kind === 'offset') return behind === 'nothing' && (!stopOnShort || (cap >= size && short === 0));
  if (kind === 'keyset') return true;
  return noNext !== 'self' || (isFlagged(listing) && kind !== 'function');
}

export const listings: fc.Arbitrary<Listing> = arbitrary.filter(canBeSeen);

/** How a person would describe it. */
export function definitionOf(listing: Listing): Partial<StreamInput> {
  const { kind, size, total, totalPages, flag, stopOnShort, behind } = listing;
  const flags = {
    none: {},
    hasMore: { hasMore: 'more' },
    isLast: { isLast: 'last' },
    words: { hasMore: { path: 'word', yes: 'Y', no: 'N' } },
  }[flag];
  const says = { ...(total === 'none' ? {} : { total: 'total' }), ...flags };
  const pagination = {
    none: { type: 'none' },
    token: { type: 'token', token: 'follow', as: 'at', ...says },
    nextUrl: { type: 'nextUrl', path: 'follow', ...says },
    link: { type: 'link', ...says },
    offset: { type: 'offset', limit: size, as: 'at', stopOnShort, ...says },
    page: {
      type: 'page',
      size,
      as: 'at',
      stopOnShort,
      ...says,
      ...(totalPages === 'none' ? {} : { totalPages: 'pages' }),
    },
    keyset: { type: 'keyset', field: 'id', as: 'at', ...says },
    function: {
      type: 'function',
      as: 'at',
      next: ({ body }: { body: unknown }) => (body as { follow?: string }).follow ?? null,
    },
  }[kind] as NonNullable<StreamInput['pagination']>;
  return {
    records: 'data',
    pagination,
    primaryKey: ['id'],
    version: [],
    schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
    ...(behind === 'a refusal' ? { errors: [{ status: 404, action: 'end' }] } : {}),
  };
}

/** A partner in memory, and the records that were there from its first answer to its last. */
export class ModelPartner {
  readonly #of: Listing;
  readonly #chance: () => number;
  #live: number[];
  readonly #gone = new Set<number>();
  readonly #first: readonly number[];
  #requests = 0;
  #epoch = 0;
  #nonce = 0;

  constructor(listing: Listing) {
    this.#of = listing;
    this.#chance = chances(listing.seed);
    this.#live = Array.from({ length: listing.records }, (_, i) => 10 * (i + 1));
    this.#first = [...this.#live];
  }

  truth(): number[] {
    return this.#first.filter((id) => !this.#gone.has(id));
  }

  answer({ url }: PageRequest): MemoryAnswer {
    this.#requests += 1;
    if (this.#requests > 1) this.#drift();
    if (this.#requests === this.#of.dies) this.#epoch += 1;
    const at = new URL(url).searchParams.get('at');
    return byNumber(this.#of) ? this.#byNumber(Number(at)) : this.#byCursor(at);
  }

  #drift(): void {
    const { drift } = this.#of;
    if (drift === 'none' || this.#chance() > 30) return;
    if (drift === 'deletes') {
      const [id] = this.#live.splice(Math.floor((this.#chance() / 100) * this.#live.length), 1);
      if (id !== undefined) this.#gone.add(id);
    } else {
      const id = Math.floor(this.#chance() * 3) * 10 + 1 + this.#requests / 1000;
      this.#live = [...this.#live, id].toSorted((a, b) => a - b);
    }
  }

  #sizeOfPage(): number {
    const { size, cap, short } = this.#of;
    const most = this.#of.kind === 'offset' || this.#of.kind === 'page' ? Math.min(size, cap) : cap;
    return this.#chance() < short ? 1 + Math.floor((this.#chance() / 100) * (most - 1)) : most;
  }

  #byNumber(at: number): MemoryAnswer {
    const { kind, size, cap, behind, overlap, endsEarly, ignores } = this.#of;
    const most = Math.min(size, cap);
    const all = this.#live.length;
    const page = kind === 'page' ? at - 1 : Math.floor(at / most);
    const again = kind === 'offset' ? Math.min(overlap, most - 1) : 0;
    let from = ignores ? 0 : Math.max(0, (kind === 'page' ? page * most : at) - again);
    if (endsEarly > 0 && page >= endsEarly) return this.#said([], from < all);
    if (from >= all && all > 0) {
      if (behind === 'a refusal') return { status: 404, body: { detail: 'there is no such page' } };
      if (behind === 'the last page') from = most * Math.floor((all - 1) / most);
      if (behind === 'the first page again') from %= most * Math.ceil(all / most);
    }
    const data = this.#live.slice(from, from + this.#sizeOfPage());
    return this.#said(data, from + (kind === 'page' ? most : data.length) < all);
  }

  #byCursor(cursor: string | null): MemoryAnswer {
    const { kind, overlap, empty, endsEarly, ignores, noNext } = this.#of;
    const [epoch, pages, after] = kind === 'keyset' ? [this.#epoch, 0, Number(cursor ?? 0)] : this.#read(cursor);
    if (epoch !== this.#epoch) return { status: 410, body: { code: 'CURSOR_EXPIRED' } };
    const rest = ignores ? this.#live : this.#live.filter((id) => id > after);
    const isEmpty = kind !== 'keyset' && kind !== 'none' && this.#chance() < empty;
    const most = kind === 'none' ? Math.min(this.#of.size, this.#of.cap) : this.#sizeOfPage();
    const fresh = isEmpty ? [] : rest.slice(0, most);
    const last = fresh.at(-1) ?? after;
    const before = this.#live.filter((id) => id <= after).slice(-overlap);
    const data =
      overlap > 0 && fresh.length > 0 && kind !== 'keyset' && kind !== 'none' && !ignores
        ? [...before, ...fresh]
        : fresh;
    const isOver = kind === 'keyset' && endsEarly > 0 && this.#requests > endsEarly;
    const more = rest.length > (isOver ? 0 : fresh.length);
    if (kind === 'keyset' || kind === 'none') return this.#said(isOver ? [] : data, more);
    if (!more || (endsEarly > 0 && pages + 1 >= endsEarly)) {
      const itself = noNext === 'self' && cursor !== null ? cursor : undefined;
      return this.#said(data, more, itself === undefined ? (noNext === 'self' ? null : noNext) : this.#name(itself));
    }
    return this.#said(data, more, this.#name(`${this.#epoch}.${pages + 1}.${last}.${(this.#nonce += 1)}`));
  }

  #read(cursor: string | null): [number, number, number] {
    const [epoch = this.#epoch, pages = 0, whole = 0, fraction] = (cursor ?? '').split('.').filter(Boolean).map(Number);
    void fraction;
    return [epoch, pages, whole];
  }

  #name(token: string): string {
    return this.#of.kind === 'nextUrl' || this.#of.kind === 'link' ? `?at=${token}` : token;
  }

  #said(data: readonly number[], more: boolean, follow?: unknown): MemoryAnswer {
    const { kind, total, totalPages, flag, flagSays, announces, size, cap } = this.#of;
    const all = this.#live.length;
    const says = flagSays === 'truth' ? more : flagSays === 'always more';
    const most = Math.min(size, cap);
    const pages = Math.ceil(all / most);
    return {
      headers:
        kind === 'link' && typeof follow === 'string' && follow.startsWith('?')
          ? { link: `<${follow}>; rel="next"` }
          : {},
      body: {
        data: data.map((id) => ({ id })),
        ...(kind === 'link' ? {} : { follow }),
        ...(total === 'none'
          ? {}
          : { total: { exact: all, text: String(all), capped: Math.min(all, 4), high: all + 3 }[total] }),
        ...(totalPages === 'none' ? {} : { pages: totalPages === 'exact' ? pages : Math.min(pages, 2) }),
        ...(flag === 'none' ? {} : { more: says, last: !says, word: says ? 'Y' : 'N' }),
        ...(announces ? { has_more: more } : {}),
      },
    };
  }
}

/** Numbers from 0 to below 100, the same for the same seed. */
function chances(seed: number): () => number {
  const random = randomOf(seed);
  return () => random() * 100;
}
