import type { Pool } from 'pg';
import { ageText, describeLateness, type Freshness } from '../../core/freshness.ts';
import { brokenRulesWords } from '../../core/ledger-rule.ts';
import type { LimitsView, QueueView } from '../../core/limits-view.ts';
import { describePause, resumeCommand, type PersonPause } from '../../core/person-pause.ts';
import { learnCredentials } from '../../limits/watch/learn-credentials.ts';
import { readLimits } from '../../limits/watch/usage.ts';
import { readPauses } from '../../store/pauses.ts';
import { streamsBreaking } from '../../store/rules/broken-rules.ts';
import { statusOfStreams, type StreamStatus } from '../../store/inspect/stream-status.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import type { Output } from '../output.ts';
import { loadPromises, promisesOf, type Promises } from '../promises.ts';
import { queuesOf } from '../queues-of.ts';
import { shortTime } from '../took.ts';
import { describeTargetLags, lagsOfStream, readLags } from '../target-lags.ts';
import { describeQueue, describeStanding, describeUse } from '../print-limits.ts';

/** What holds for all streams of a partner. */
interface Standing {
  /** Null: its definition does not load. */
  readonly limits: LimitsView | null;
  /** Null: Temporal does not tell. */
  readonly queue: QueueView | null;
}

type Shown = StreamStatus & { readonly freshness: Freshness | null };

export async function status({ config, output, options }: CommandContext<{ check?: boolean }>): Promise<number> {
  const { promises, begun, queues, views, pauses, lags, breaking } = await withDatabase(config, async (pool) => {
    // The database works on the longest question while this process loads what takes it longest: Temporal's client and the definitions.
    const [begun, promises] = await Promise.all([
      statusOfStreams(pool),
      loadPromises(config),
      import('../../client/temporal-client.ts'),
    ]);
    const partners = [...new Set(begun.map(({ partner }) => partner))];
    const [queues, views, pauses, lags, breaking] = await Promise.all([
      queuesOf(config, partners),
      limitsOf(pool, partners, promises),
      readPauses(pool),
      readLags(pool, promises.definitions.values()),
      streamsBreaking(pool),
    ]);
    return { promises, begun, queues, views, pauses, lags, breaking };
  });
  const standings = new Map<string, Standing>(
    begun.map(({ partner }) => [
      partner,
      { limits: views.get(partner) ?? null, queue: queues.views.get(partner) ?? null },
    ]),
  );
  const streams = promisesOf(promises, begun, Date.now());
  const late = streams.filter(({ freshness }) => freshness?.late === true);
  const overdue = streams.filter((stream) => stream.overdue > 0);
  const isBad = late.length > 0 || overdue.length > 0 || promises.broken.length > 0 || breaking.length > 0;
  output.json(
    streams.map((stream) => {
      const { limits, queue } = standings.get(stream.partner) ?? nothing;
      return {
        ...stream,
        limits: limits?.buckets ?? null,
        factor: limits?.factor ?? null,
        circuit: limits?.circuit ?? null,
        paused: limits?.paused ?? null,
        queue,
        targets: lagsOfStream(lags, stream),
        rules:
          breaking.find(({ partner, stream: name }) => partner === stream.partner && name === stream.stream)?.broken ??
          [],
      };
    }),
  );
  for (const { partner, stream, freshness, lastReason } of late)
    output.say(
      `LATE ${partner}.${stream}: ${describeLateness(freshness as Freshness)}${lastReason === null ? '' : `; ${lastReason}`}`,
    );
  for (const { partner, stream, overdue: records } of overdue)
    output.say(
      `OVERDUE ${partner}.${stream}: ${records} of its records have waited too long for what they require: \`syncline waiting list ${partner} ${stream}\``,
    );
  for (const { broken, ...place } of breaking)
    output.say(`BROKEN ${place.partner}.${place.stream}: ${brokenRulesWords(broken, place)}`);
  for (const { partner, problem } of promises.broken)
    output.say(`${partner}: its promises are not known, because its definition does not load: ${problem}`);
  for (const [partner, variables] of promises.lacking)
    if (standings.has(partner))
      output.say(
        `${partner}: its limits are not shown, since ${variables.join(' and ')} ${variables.length === 1 ? 'is' : 'are'} not set in this terminal (workers have their own)`,
      );
  if (streams.length === 0) output.say('No stream has been synced yet: `syncline sync PARTNER` starts.');
  else printStreams(output, streams);
  if (queues.trouble !== null) output.say(queues.trouble);
  for (const [partner, standing] of standings) for (const line of linesOf(partner, streams, standing)) output.say(line);
  for (const line of describePauses(pauses, standings)) output.say(line);
  for (const line of describeTargetLags(lags, Date.now())) output.say(line);
  return options.check === true && isBad ? exitCodes.failed : exitCodes.ok;
}

function printStreams(output: Output, streams: readonly Shown[]): void {
  const rows = streams.map((stream) => ({
    stream: `${stream.partner}.${stream.stream}`,
    now: stateOf(stream),
    'last outcome': stream.lastOutcome ?? outcomeOfNone(stream),
    finished: shortTime(stream.lastFinishedAt),
    age: ageOf(stream.freshness),
    watermark: stream.watermark?.slice(0, 26) ?? '',
    events: stream.events,
    waiting: stream.overdue > 0 ? `${stream.waiting} (${stream.overdue} OVERDUE)` : stream.waiting,
    quarantined: stream.quarantined,
  }));
  // What is empty in every row tells nothing and takes the width from what does.
  const filled = (column: 'now' | 'age' | 'watermark'): readonly string[] =>
    rows.some((row) => row[column] !== '') ? [column] : [];
  output.table(rows, [
    ...['stream', ...filled('now'), 'last outcome', 'finished', ...filled('age'), ...filled('watermark')],
    ...['events', 'waiting', 'quarantined'],
  ]);
  for (const stream of streams) {
    if (stream.lastReason !== null) output.say(`${stream.partner}.${stream.stream}: ${stream.lastReason}`);
    if (stream.undone !== null) {
      const { run, isBack } = stream.undone;
      const why = isBack
        ? `the undo of ${run} was taken back, and what runs had found unchanged meanwhile is not read again yet`
        : `${run} was undone, and what it had read has not been read again yet`;
      output.say(`${stream.partner}.${stream.stream}: ${why} (\`syncline undo list ${stream.partner}\`)`);
    }
    if (stream.deferredCause !== null && stream.deferredKind !== 'paused')
      output.say(`${stream.partner}.${stream.stream} waits: ${stream.deferredCause}`);
  }
}

/** A first run that goes on has fetched records too. */
const outcomeOfNone = ({ running, events }: StreamStatus): string =>
  running ? 'first run' : events > 0 ? 'no run, only pushes' : 'never run';

const ageOf = (freshness: Freshness | null): string => {
  if (freshness === null) return '';
  const { ageMs, promiseMs, late } = freshness;
  return `${late ? 'LATE ' : ''}${ageMs === null ? 'never' : ageText(ageMs)} of ${ageText(promiseMs)}`;
};

const stateOf = ({ running, deferredUntil, deferredKind }: StreamStatus): string =>
  deferredKind === 'paused'
    ? 'paused'
    : deferredUntil !== null
      ? `deferred until ${deferredUntil}`
      : running
        ? 'running'
        : '';

/** Those of partners are among what stands in the way of them. */
function describePauses(pauses: readonly PersonPause[], standings: ReadonlyMap<string, Standing>): readonly string[] {
  return pauses
    .filter(({ scope, target }) => scope !== 'partner' || standings.get(target)?.limits == null)
    .map((pause) => `${pause.target}: ${describePause(pause)}; \`${resumeCommand(pause)}\` ends that`);
}

function linesOf(partner: string, streams: readonly StreamStatus[], { limits, queue }: Standing): readonly string[] {
  const blockedUntil = streams.find((stream) => stream.partner === partner)?.blockedUntil ?? null;
  const unread = blockedUntil === null ? [] : [`${partner}: nobody calls it before ${blockedUntil}`];
  const use = describeUse(limits?.buckets ?? []);
  const odd = queue !== null && (queue.paused !== null || queue.foreign);
  return [
    ...(limits === null ? unread : describeStanding(limits)),
    ...(use === '' ? [] : [`${partner}: used ${use}`]),
    ...(odd ? [`${partner}: task queue ${describeQueue(queue)}`] : []),
  ];
}

const nothing: Standing = { limits: null, queue: null };

/** Of partners whose definitions load, with all variables. */
async function limitsOf(
  pool: Pool,
  partners: readonly string[],
  { definitions, lacking }: Promises,
): Promise<ReadonlyMap<string, LimitsView>> {
  const known = partners.filter((name) => !lacking.has(name)).flatMap((name) => definitions.get(name) ?? []);
  await learnCredentials(pool, known);
  return new Map(
    await Promise.all(known.map(async (partner) => [partner.name, await readLimits(pool, partner)] as const)),
  );
}
