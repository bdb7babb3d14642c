import { waitWords } from '../core/grant-waits.ts';
import { grantEndWords, waitedWords, waitText } from '../core/waited-words.ts';
import type { StreamWaits } from '../store/inspect/grant-sums.ts';
import type { GrantRow, LongWait } from '../store/inspect/run-grants.ts';
import type { Output } from './output.ts';

/** Shorter ones of a whole run say nothing. */
const LEAST_MS = 1000;
const SUMS = 12;
const LONGEST = 5;

/** What a run waited for in all, and its longest waits, where there are any worth a line. */
export function printWaits(
  output: Output,
  { sums, longest }: { readonly sums: readonly StreamWaits[]; readonly longest: readonly LongWait[] },
): void {
  const waits = sums
    .flatMap(({ stream, waits: of }) => of.map((wait) => ({ stream, ...wait })))
    .filter(({ ms }) => ms >= LEAST_MS)
    .toSorted((a, b) => b.ms - a.ms);
  for (const { stream, reason, ms, longestMs } of waits.slice(0, SUMS))
    output.say(
      `${stream}: waited ${waitText(ms)} in all for ${waitWords[reason]}, ${waitText(longestMs)} at most at one grant`,
    );
  if (waits.length > SUMS) output.say(`${waits.length - SUMS} more waits in all are shorter: --json has them`);
  for (const wait of longest.filter(({ ms }) => ms >= LEAST_MS).slice(0, LONGEST)) output.say(longLine(wait));
  for (const { stream, lost } of sums)
    if (lost > 0)
      output.say(
        `${stream}: ${lost === 1 ? 'a grant has' : `${lost} grants have`} no end: the worker was killed, or lost the database`,
      );
}

function longLine({ stream, number, within, reason, ms, from, cause }: LongWait): string {
  const where = `${within ? 'within' : 'before'} grant ${number}`;
  return `${stream}: ${waitText(ms)} ${where}, from ${timeOf(from)} UTC: for ${waitWords[reason]}${cause === null ? '' : `: ${cause}`}`;
}

/** Grant by grant, the newest first. */
export function printGrants(
  output: Output,
  { last, more }: { readonly last: readonly GrantRow[]; readonly more: boolean },
): void {
  if (last.length === 0)
    return output.say('No grant of it is noted: docs/inspect.md says since when they are, and for how long.');
  output.table(
    last.map((grant) => ({
      grant: `${grant.stream} ${grant.number}${grant.attempt > 1 ? ` (attempt ${grant.attempt})` : ''}`,
      given: timeOf(grant.givenAt),
      lasted: grant.endedAt === null ? '' : waitText(Date.parse(grant.endedAt) - Date.parse(grant.givenAt)),
      pages: grant.pages,
      requests: grant.requests,
      ended: grant.ended,
    })),
    ['grant', 'given', 'lasted', 'pages', 'requests', 'ended'],
  );
  for (const { stream, number, before, within, ended, until, cause } of last) {
    const said = [
      ...[waitedWords(before)].filter(Boolean).map((text) => `waited ${text}`),
      ...[waitedWords(within)].filter(Boolean).map((text) => `within it ${text}`),
      ...(ended === 'more' || ended === 'done' ? [] : [grantEndWords({ ended, until, cause })]),
    ];
    if (said.length > 0) output.say(`${stream} ${number}: ${said.join('. ')}`);
  }
  if (more) output.say(`There are more than these ${last.length}: --grants shows more.`);
}

const timeOf = (iso: string): string => iso.slice(0, 19).replace('T', ' ');
