import type { Pool } from 'pg';
import { noVersion, whatIsOdd } from '../../core/anomaly-words.ts';
import { concealedChanges } from '../../core/conceal.ts';
import { fieldChanges, type FieldChange } from '../../core/field-changes.ts';
import { fieldNames, readableVersion } from '../../core/life-words.ts';
import { brokenWords } from '../../core/ledger-rule.ts';
import { visible } from '../../core/visible.ts';
import { readAnomalies, updatesOf, type Anomaly } from '../../store/anomalies/read-anomalies.ts';
import { listBroken } from '../../store/rules/broken-rules.ts';
import { payloadsOf } from '../../store/log/payloads-of.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { hiddenOf } from '../hidden-of.ts';
import { positive } from '../positive.ts';
import { definedStream, keyOf } from '../traced-stream.ts';
import { versionless } from '../versionless.ts';

interface ListContext extends CommandContext<{ limit: string }> {
  readonly partner: string | undefined;
  readonly stream: string | undefined;
}

/** Fields by name, no value: those are shown to whoever asks for one key. */
export async function anomaliesList({ config, output, options, partner, stream }: ListContext): Promise<number> {
  const limit = positive('--limit', options.limit);
  return withDatabase(config, async (pool) => {
    const { newest, count, times } = await readAnomalies(pool, { partner, stream, limit });
    const told = await withChanges(pool, newest);
    const broken = await listBroken(pool, { partner, stream, limit });
    const unversioned = [];
    for (const place of await versionless(config, { partner, stream }))
      unversioned.push({ ...place, updates: await updatesOf(pool, place) });
    output.json({
      count,
      times,
      anomalies: told.map(({ changes, ...anomaly }) => ({ ...documentOf(anomaly), fields: namesOf(changes) })),
      unversioned,
      rules: broken,
    });
    for (const { partner: of, stream: name, updates } of unversioned)
      output.say(`${of}.${name}: ${noVersion} (${counted(updates, 'update')})`);
    if (count === 0) output.say('No versions contradict one another.');
    else
      output.table(
        told.map(({ changes, ...anomaly }) => ({
          ...anomaly,
          stream: `${anomaly.partner}.${anomaly.stream}`,
          key: shorten(anomaly.key),
          version: shorten(readableVersion(anomaly.version)),
          events: `${anomaly.known} → ${anomaly.came}`,
          changed: changes === null ? '(no longer in the log)' : fieldNames(changes),
          last: second(anomaly.lastAt),
          run: anomaly.lastRun,
        })),
        ['stream', 'kind', 'key', 'version', 'events', 'changed', 'times', 'last', 'run'],
      );
    if (count > told.length) output.say(`${count - told.length} more are left out: --limit shows them.`);
    if (broken.count > 0)
      output.table(
        broken.rules.map((rule) => ({
          ...rule,
          stream: `${rule.partner}.${rule.stream}`,
          of: shorten(visible(rule.of)),
          keys: shorten(visible(rule.keys.join(', '))),
          since: second(rule.since),
          run: rule.lastRun,
        })),
        ['stream', 'rule', 'of', 'found', 'allowed', 'keys', 'since', 'run'],
      );
    if (broken.count > broken.rules.length)
      output.say(`${broken.count - broken.rules.length} more broken rules are left out: --limit shows them.`);
    return exitCodes.ok;
  });
}

interface ShowContext extends CommandContext<{ limit: string }> {
  readonly partner: string;
  readonly stream: string;
  /** Empty: all. */
  readonly key: readonly string[];
}

/** With what the records said. */
export async function anomaliesShow({ config, output, options, partner, stream, key }: ShowContext): Promise<number> {
  const limit = positive('--limit', options.limit);
  const defined = await definedStream(config, { partner, stream });
  const wanted = key.length === 0 ? undefined : keyOf(defined, key).key;
  const hidden = hiddenOf(defined);
  return withDatabase(config, async (pool) => {
    const asked = { partner, stream, limit, ...(wanted === undefined ? {} : { key: wanted }) };
    const { newest, count } = await readAnomalies(pool, asked);
    const told = (await withChanges(pool, newest)).map((one) => ({
      ...one,
      changes: one.changes === null ? null : concealedChanges(one.changes, hidden),
    }));
    const broken = await listBroken(pool, { partner, stream, key: wanted, limit });
    output.json([
      ...told.map(({ changes, ...anomaly }) => ({ ...documentOf(anomaly), changes })),
      ...broken.rules.map((rule) => ({ kind: 'rule', ...rule })),
    ]);
    for (const rule of broken.rules)
      output.say(visible(`${partner}.${stream} breaks ${brokenWords(rule)} (since ${second(rule.since)})`));
    if (count === 0)
      output.say(`No versions${wanted === undefined ? '' : ` of ${visible(wanted)}`} contradict one another.`);
    for (const { changes, ...anomaly } of told) {
      const { kind, known, came, version, times, firstAt, firstRun, lastAt, lastRun } = anomaly;
      output.say(visible(`${partner}.${stream} ${anomaly.key}, version ${readableVersion(version)}`));
      output.say(`  ${kind}: ${whatIsOdd(kind)}`);
      const last = `${second(lastAt)} in run ${lastRun ?? '(unknown)'}`;
      output.say(
        times === 1
          ? `  once, at ${last}`
          : `  ${times} times, from ${second(firstAt)} in run ${firstRun ?? '(unknown)'} to ${last}`,
      );
      output.say(
        `  event ${known} was known, event ${came} came${changes === null ? '; the log no longer has both' : ':'}`,
      );
      for (const { field, before, after } of changes ?? [])
        output.say(visible(`    ${field || 'the record'}: ${before ?? '(none)'} → ${after ?? '(none)'}`));
    }
    if (count > told.length) output.say(`${count - told.length} more are left out: --limit shows them.`);
    return wanted !== undefined && count + broken.count === 0 ? exitCodes.failed : exitCodes.ok;
  });
}

interface Told extends Anomaly {
  /** What the event that came says otherwise than the one that was known; null: the log no longer has both. */
  readonly changes: readonly FieldChange[] | null;
}

async function withChanges(pool: Pool, anomalies: readonly Anomaly[]): Promise<Told[]> {
  const payloads = new Map<number, ReadonlyMap<number, string>>();
  for (const streamId of new Set(anomalies.map((anomaly) => anomaly.streamId))) {
    const events = anomalies.filter((one) => one.streamId === streamId).flatMap(({ known, came }) => [known, came]);
    payloads.set(streamId, await payloadsOf(pool, { streamId, events }));
  }
  return anomalies.map((anomaly) => {
    const [before, after] = [anomaly.known, anomaly.came].map((event) => payloads.get(anomaly.streamId)?.get(event));
    return { ...anomaly, changes: before === undefined || after === undefined ? null : fieldChanges(before, after) };
  });
}

const documentOf = ({ streamId: _streamId, ...anomaly }: Anomaly): object => ({
  ...anomaly,
  says: whatIsOdd(anomaly.kind),
});

const namesOf = (changes: readonly FieldChange[] | null): readonly string[] | null =>
  changes === null ? null : changes.map(({ field }) => field);

const counted = (n: number, what: string): string => `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;
const second = (iso: string): string => iso.slice(0, 19).replace('T', ' ');

/** Keys may be thousands of characters long; `show` and `--json` have them whole. */
const shorten = (text: string): string =>
  text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
const MOST_SHOWN = 60;
