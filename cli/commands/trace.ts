import { InvalidInput } from '../../core/errors.ts';
import { concealed, concealedChanges, type Hidden } from '../../core/conceal.ts';
import { whatWasHeld } from '../../core/entry-of-key.ts';
import { whatHappened } from '../../core/life-words.ts';
import { brokenWords } from '../../core/ledger-rule.ts';
import { waitWords } from '../../core/wait-words.ts';
import { listBroken } from '../../store/rules/broken-rules.ts';
import { tracedStream } from '../../store/inspect/traced-stream.ts';
import { visible } from '../../core/visible.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { hiddenOf } from '../hidden-of.ts';
import { positive } from '../positive.ts';
import { printLife, printPlaces, printValues, replayedFrom } from '../print-trace.ts';
import { readTrace, type Trace } from '../read-trace.ts';
import { definedStream, keyOf } from '../traced-stream.ts';

export interface TraceOptions {
  readonly limit: string;
  readonly search: string;
  readonly values?: boolean;
}

interface TraceContext extends CommandContext<TraceOptions> {
  readonly partner: string;
  readonly stream: string;
  /** The value, or `field=value` for each field. */
  readonly key: readonly string[];
}

/** Tells the life of one record: what came of it and what that did, in quarantine, in the log and in each target. */
export async function trace({ config, output, options, partner, stream, key: words }: TraceContext): Promise<number> {
  const limit = positive('--limit', options.limit);
  const search = positive('--search', options.search);
  const defined = await definedStream(config, { partner, stream });
  return withDatabase(config, async (pool) => {
    const found = await tracedStream(pool, { partner, stream });
    if (found === undefined) {
      if (defined.trouble !== undefined) throw new InvalidInput(defined.trouble);
      output.json({ partner, stream, key: null, found: false, events: [], quarantine: [], targets: [] });
      output.say(`Nothing of ${partner}.${stream} was ever read: \`syncline sync ${partner} ${stream}\` does that.`);
      return exitCodes.failed;
    }
    const { key, shape } = keyOf(defined, words);
    const hidden = hiddenOf(defined);
    const traced = withoutHidden(
      await readTrace(pool, { partner, stream, key, ...found, defined, limit, search }),
      hidden,
    );
    const { rules } = await listBroken(pool, { partner, stream, key, limit });
    output.json({ ...documentOf({ partner, stream, key, traced, withValues: options.values === true }), rules });
    if (defined.trouble !== undefined)
      output.say(`The key is taken as the log writes it, since the definition cannot be read: ${defined.trouble}`);
    const { life, entries } = traced;
    if (life.length === 0 && entries.length === 0) {
      output.say(`Nothing in the log or the quarantine of ${partner}.${stream} has the key ${visible(key)}.`);
      if (shape !== undefined) output.say(`Its keys are ${shape}: the search is for the whole key.`);
      output.say(searchNote(traced, found) ?? 'A record whose key could not be read is in `syncline quarantine list`.');
      return exitCodes.failed;
    }
    const held = entries.filter(({ status }) => status === 'held');
    output.say(`${partner}.${stream} ${visible(key)}`);
    printLife(output, traced);
    if (traced.leftOut > 0) output.say(`${count(traced.leftOut)} earlier events are left out: --limit shows more.`);
    if (traced.pruned && found.removedAt !== null)
      output.say(
        `Earlier events may have been there: retention removed some below ${found.logFrom}, last on ${found.removedAt}.`,
      );
    const note = searchNote(traced, found);
    if (note !== undefined) output.say(note);
    if (options.values === true) printValues(output, life);
    printPlaces(output, traced);
    for (const rule of rules) output.say(visible(`breaks ${brokenWords(rule)}`));
    if (held.length > 0)
      output.say(
        `${held.length === 1 ? '1 version waits' : `${held.length} versions wait`} in quarantine: correct the schema, then \`syncline quarantine replay ${partner} ${stream}\`.`,
      );
    return exitCodes.ok;
  });
}

/** What transforms hide in tables is not shown here either. */
const withoutHidden = (traced: Trace, hidden: Hidden): Trace => ({
  ...traced,
  life: traced.life.map((event) => ({
    ...event,
    payload: event.operation === 'd' ? event.payload : concealed(event.payload, hidden),
    changes: concealedChanges(event.changes, hidden),
  })),
});

/** undefined: all of the log was looked at. */
function searchNote(
  { searched: { searchedFrom: from, indexed } }: Trace,
  { streamId, lastEvent }: { readonly streamId: number; readonly lastEvent: number },
): string | undefined {
  if (indexed || from <= 1) return undefined;
  return (
    `Only the last ${count(lastEvent - from + 1)} of ${count(lastEvent)} events were looked at: --search ${lastEvent} looks at all, ` +
    `or make an index on the key of syncline.events_${streamId} (docs/trace.md).`
  );
}

const count = (n: number): string => n.toLocaleString('en-US');

/** For scripts. Records' values only where they were asked for. */
function documentOf({
  partner,
  stream,
  key,
  traced,
  withValues,
}: {
  readonly partner: string;
  readonly stream: string;
  readonly key: string;
  readonly traced: Trace;
  readonly withValues: boolean;
}): object {
  const { life, entries, searched, leftOut, pruned, targets } = traced;
  return {
    partner,
    stream,
    key,
    found: life.length > 0 || entries.length > 0,
    leftOut,
    pruned,
    searched,
    events: life.map((event) => ({
      event: event.event,
      operation: event.operation,
      receivedAt: event.receivedAt,
      fate: event.fate,
      says: whatHappened(event, { entry: replayedFrom(event, entries), waits: traced.waits, nowMs: Date.now() }),
      fields: event.changes.map(({ field }) => field),
      conflict: event.conflict,
      holds: event.holds,
      from: event.from,
      ...event.source,
      version: event.version,
      replayed: replayedFrom(event, entries) ?? null,
      ...(withValues ? { changes: event.changes, payload: event.payload } : {}),
    })),
    waits: traced.waits.map((wait) => ({ ...wait, says: waitWords(wait, Date.now()) })),
    quarantine: entries.map((entry) => ({ ...entry, place: undefined, received: undefined, says: whatWasHeld(entry) })),
    targets,
  };
}
