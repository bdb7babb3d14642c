import { readLinks } from './paginate/read-links.ts';

/** Names by which bodies announce another page. */
const announcing =
  /^(has_?more|more|next(_?(page|cursor|token|url|link|page_?token))?|@odata\.nextLink|continuation_?token)$/i;

/** In words, what in an answer says that there is another page; undefined: nothing. */
export function signOfMore({
  headers,
  body,
}: {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}): string | undefined {
  if (namesNext(headers['link'])) return 'the Link header names a next page';
  const name = announced(body) ?? announced(pick(body, ['meta', 'paging', 'pagination', 'links']));
  return name === undefined ? undefined : `the answer's field "${name}" announces another page`;
}

function namesNext(header: string | undefined): boolean {
  if (header === undefined) return false;
  try {
    return readLinks(header).rel('next').length > 0;
  } catch {
    return false;
  }
}

function announced(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  return Object.entries(body).find(([name, value]) => announcing.test(name) && isSaid(value))?.[0];
}

const isSaid = (value: unknown): boolean =>
  value !== null && value !== '' && value !== false && value !== 0 && value !== 'false';

function pick(body: unknown, names: readonly string[]): unknown {
  if (typeof body !== 'object' || body === null) return undefined;
  return Object.entries(body).find(([name]) => names.includes(name))?.[1];
}
