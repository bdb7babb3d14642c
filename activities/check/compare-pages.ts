import { parseJson } from '../../core/json.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { cursorParameter } from '../../definitions/mentions.ts';
import { templatesOf } from '../../definitions/templates-of.ts';
import { signOfMore, statesMore } from '../../sources/declared/sign-of-more.ts';
import { sourceOf } from '../../sources/source-of.ts';
import type { Look } from './asker.ts';
import { nextElsewhere } from './check-paths.ts';
import { doubtful, none, together, unverified, verified, wrong, type Findings } from './findings.ts';
import { of } from './words.ts';

/** What pages tell of how they follow each other, and of the end of the listing. `broke`: one more was asked for, and did not come. */
export function comparePages(stream: CompiledStream, looks: readonly [Look, ...Look[]], broke: boolean): Findings {
  const last = looks.at(-1) as Look;
  return together([
    looks.map((look) => announced(stream, look)).find(({ findings }) => findings.length > 0) ?? none,
    looks.length > 1 ? none : onePage(stream, last),
    followed(stream, looks),
    endOf(looks, !broke),
    totals(stream, looks),
  ]);
}

/** What the partner says of more where the definition does not follow it: a run that ends there is not `ok`. */
export function announced(stream: Pick<CompiledStream, 'definition'>, look: Pick<Look, 'page' | 'answer'>): Findings {
  const { definition } = stream;
  const { next, skipped } = look.page;
  if (skipped) return none;
  const more =
    definition.pagination.type === 'none' && !definition.pagination.all && definition.source === undefined
      ? moreIn(look)
      : undefined;
  const isSame = more !== undefined && next.doubt?.startsWith(more) === true;
  return together([
    more === undefined
      ? none
      : wrong(
          'no-pagination',
          `${more}, but the stream has no pagination: only this page would be read. Declare its pagination`,
        ),
    next.doubt === undefined || isSame
      ? none
      : wrong('listing-in-doubt', `${next.doubt}${nextElsewhere(stream, look)}. A run that ends so is suspect`),
  ]);
}

function moreIn({ page, answer }: Pick<Look, 'page' | 'answer'>): string | undefined {
  const signs = { headers: answer.headers, body: bodyOf(answer.text) };
  return signOfMore(signs) ?? statesMore(signs, page.records.length);
}

/** What is no JSON announces no further pages in a way that is known. */
function bodyOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const isPaged = ({ definition }: CompiledStream): boolean =>
  definition.pagination.type !== 'none' || definition.source !== undefined;

function onePage(stream: CompiledStream, { page }: Look): Findings {
  if (page.skipped || page.next.cursor !== null || page.next.doubt !== undefined || !isPaged(stream)) return none;
  return unverified('pagination', 'there is only one page, so the check could not see how pages follow each other');
}

/** Behind what the partner stated, or after a page that was not full, a page that repeats the one before is how some partners end. */
const mayEnd = ({ page }: Look): boolean => page.next.beyond === true || !page.full;

/** Number of the page, from 0, whose very records this one has; -1: none. */
export const repeatedBy = (looks: readonly Look[], at: number): number => {
  const here = new Set(looks[at]?.identities);
  if (here.size === 0) return -1;
  return looks.slice(0, at).findLastIndex(({ identities }) => {
    const before = new Set(identities);
    return before.size === here.size && [...here].every((each) => before.has(each));
  });
};

function followed(stream: CompiledStream, looks: readonly [Look, ...Look[]]): Findings {
  const [first, second] = looks;
  if (second === undefined) return none;
  const named = whereAsked(stream);
  const found = together(looks.slice(1).map((_, i) => againstEarlier(stream, looks, { at: i + 1, named })));
  if (found.findings.length > 0) return found;
  if (second.identities.length === 0)
    return first.identities.length === 0 || mayEnd(first) || endsByEmptyPage(stream) ? none : emptySecond(first, named);
  return first.identities.length === 0 || repeatedBy(looks, 1) !== -1
    ? none
    : verified('pagination', `page 2 has other records than page 1${named === undefined ? '' : ` (${named})`}`);
}

/** In words, what asks for the next page. */
function whereAsked({ definition }: CompiledStream): string | undefined {
  const parameter = cursorParameter(definition);
  if (parameter !== undefined) return `the parameter ${JSON.stringify(parameter)}`;
  const placed = templatesOf(definition).find(({ text }) => /\{cursor\b/.test(text));
  return placed === undefined ? undefined : `{cursor} at ${placed.path.join('.')}`;
}

/** A keyset knows no other end, unless a flag tells of it. */
const endsByEmptyPage = ({ definition: { pagination } }: CompiledStream): boolean => pagination.type === 'keyset';

function againstEarlier(
  stream: CompiledStream,
  looks: readonly [Look, ...Look[]],
  { at, named }: { readonly at: number; readonly named: string | undefined },
): Findings {
  const here = new Set(looks[at]?.identities);
  const repeated = repeatedBy(looks, at);
  if (repeated === -1) {
    const before = new Set(looks.slice(0, at).flatMap(({ identities }) => identities));
    const again = [...here].filter((each) => before.has(each)).length;
    if (again === 0) return none;
    return doubtful(
      'pages-overlap',
      `${of(again, here.size, 'record')} of page ${at + 1} came on an earlier page already: if pages overlap, records may be skipped as well. Ask for an order that does not change during the reading, such as by key`,
    );
  }
  if (repeated === at - 1 && mayEnd(looks[at - 1] as Look)) return none;
  const same = `page ${at + 1} has the very records of page ${repeated + 1}`;
  const says =
    at === 1
      ? `${same}: the partner does not know ${named ?? 'what asks for the next page'}, so only these ${here.size} would come${announcedInstead(stream, looks[0])}`
      : `${same}: the partner repeats pages, and a run that meets that is suspect. Where its answer has a flag for the last page, name it (hasMore, isLast)`;
  const code = at === 1 ? 'page-parameter-ignored' : 'pages-repeat';
  return stream.keyColumns.length > 0
    ? wrong(code, says)
    : doubtful(code, `${says}. Records without a key may look alike`);
}

/** What the answer itself names for the next page, where the definition follows none of it. */
function announcedInstead(stream: CompiledStream, { answer }: Look): string {
  if (stream.definition.source !== undefined || sourceOf(stream).counts !== true) return '';
  const sign = signOfMore({ headers: answer.headers, body: bodyOf(answer.text) });
  return sign === undefined ? '' : `; ${sign}`;
}

const emptySecond = ({ page }: Look, named = 'what asks for it'): Findings =>
  page.next.total !== null && page.next.total <= page.records.length
    ? none
    : doubtful(
        'next-page-empty',
        `page 2 is empty although page 1 leads to it: does the partner know ${named}? A wrong one loses all pages but the first`,
      );

function endOf(looks: readonly [Look, ...Look[]], isWhole: boolean): Findings {
  const last = looks.length - 1;
  const { page, received } = looks[last] as Look;
  if (last === 0 || page.next.doubt !== undefined) return none;
  const repeated = repeatedBy(looks, last);
  if (repeated !== -1)
    return repeated === last - 1 && mayEnd(looks[last - 1] as Look)
      ? verified('end', `the listing ends after page ${last}, which the partner then repeats`)
      : none;
  if (page.next.cursor !== null)
    return isWhole ? unverified('end', `page ${last + 1} leads on, so how the listing ends was not seen`) : none;
  return verified('end', `the listing ends after page ${received.length === 0 ? last : last + 1}`);
}

function totals(stream: CompiledStream, looks: readonly Look[]): Findings {
  const stated = looks.flatMap(({ page }) => page.next.total ?? []);
  const [first, last] = [stated[0], stated.at(-1)];
  if (first === undefined || last === undefined || sourceOf(stream).statesTotal !== true) return none;
  const all = looks.flatMap(({ identities }) => identities);
  // Records without a key may look alike.
  const came = stream.keyColumns.length > 0 ? new Set(all).size : all.length;
  const most = Math.max(...stated);
  const ended = looks.at(-1)?.page.next;
  return together([
    first === last
      ? none
      : doubtful(
          'total-changes',
          `the total that the partner states went from ${first} to ${last} between two pages: records were added or deleted, or it is no total`,
        ),
    came > most
      ? doubtful(
          'total-too-low',
          `the partner states ${most} in all, and ${came} came already: it is capped, or counts something else`,
        )
      : none,
    ended?.cursor === null && ended.doubt === undefined && came < most
      ? wrong('total-not-reached', `the listing ends with ${came} records, but the partner states ${most}`)
      : none,
  ]);
}
