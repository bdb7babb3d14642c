import Link from 'http-link-header';
import type { CompiledStream } from '../definitions/compiled.ts';

/** What the first page makes doubtful about a definition that holds: the traps that lose records without an error. */
export function sampleHints(
  stream: Pick<CompiledStream, 'definition'>,
  page: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
    readonly received: number;
    /** Of the records that fit. */
    readonly keys: readonly (string | null)[];
  },
): string[] {
  const { pagination, primaryKey, disposition } = stream.definition;
  const hints: string[] = [];
  const more = pagination.type === 'none' ? signOfMore(page) : undefined;
  if (more !== undefined)
    hints.push(`${more}, but the stream has no pagination: only this page would be read. Declare its pagination`);
  const keys = page.keys.filter((key) => key !== null);
  const repeated = keys.length - new Set(keys).size;
  if (repeated > 0 && disposition !== 'append')
    hints.push(
      `${repeated} of ${keys.length} records have the key of another one: only one of each is kept. Does ${primaryKey.join(', ')} tell records apart?`,
    );
  if (page.received === 0)
    hints.push('the list is empty: nothing of the schema could be tried. Are the path, the query and `records` right?');
  return hints;
}

/** Names by which bodies announce another page. */
const announcing =
  /^(has_?more|more|next(_?(page|cursor|token|url|link|page_?token))?|@odata\.nextLink|continuation_?token)$/i;

function signOfMore({ headers, body, received }: Parameters<typeof sampleHints>[1]): string | undefined {
  if (namesNext(headers['link'])) return 'the Link header names a next page';
  const total = Number(headers['x-total-count'] ?? headers['x-total'] ?? Number.NaN);
  if (total > received) return `the partner counts ${total} records and sent ${received}`;
  const name = announced(body) ?? announced(pick(body, ['meta', 'paging', 'pagination', 'links']));
  return name === undefined ? undefined : `the answer's field "${name}" announces another page`;
}

function namesNext(header: string | undefined): boolean {
  if (header === undefined) return false;
  try {
    return Link.parse(header).rel('next').length > 0;
  } catch {
    return false;
  }
}

function announced(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  return Object.entries(body).find(([name, value]) => announcing.test(name) && isSaid(value))?.[0];
}

const isSaid = (value: unknown): boolean => value !== null && value !== '' && value !== false && value !== 0;

function pick(body: unknown, names: readonly string[]): unknown {
  if (typeof body !== 'object' || body === null) return undefined;
  return Object.entries(body).find(([name]) => names.includes(name))?.[1];
}
