import type { CompiledStream } from '../definitions/compiled.ts';
import { cursorParameter } from '../definitions/mentions.ts';
import { signOfMore } from '../sources/declared/sign-of-more.ts';

/** What the first page makes doubtful about a definition that holds: the traps that lose records without an error. */
export function sampleHints(
  stream: Pick<CompiledStream, 'definition'>,
  page: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
    readonly received: number;
    /** Why a listing that ends here may not have ended. */
    readonly doubt?: string | undefined;
    /** How many records the page had that this one leads to; undefined: it leads to none, or was not asked. */
    readonly receivedNext?: number | undefined;
    /** What the first record has where the time should be that moves the watermark, if none of them has one. */
    readonly stalled?: string | undefined;
    /** Of the records that fit. */
    readonly keys: readonly (string | null)[];
  },
): string[] {
  const { pagination, primaryKey, disposition, incremental } = stream.definition;
  const parameter = cursorParameter(stream.definition);
  const hints: string[] = [];
  const more = pagination.type === 'none' ? moreThanRead(page) : undefined;
  if (more !== undefined)
    hints.push(`${more}, but the stream has no pagination: only this page would be read. Declare its pagination`);
  if (page.doubt !== undefined) hints.push(`${page.doubt}. A run that ends so is suspect`);
  if (page.receivedNext === 0 && page.received > 0)
    hints.push(
      `page 2 is empty although page 1 leads to it: does the partner know the parameter${parameter === undefined ? '' : ` ${JSON.stringify(parameter)}`}? A wrong one loses all pages but the first`,
    );
  if (page.stalled !== undefined)
    hints.push(
      `no record has a time that can be read at "${incremental?.field}" (the first has ${page.stalled}): the watermark would never move, and each run would read everything. Say under \`times\` how it is written, or correct incremental.field`,
    );
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

function moreThanRead({ headers, body, received }: Parameters<typeof sampleHints>[1]): string | undefined {
  const total = Number(headers['x-total-count'] ?? headers['x-total'] ?? Number.NaN);
  if (total > received) return `the partner counts ${total} records and sent ${received}`;
  return signOfMore({ headers, body });
}
