import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import type { StreamReport } from '../../messages/stream-report.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { faultsEnded, type FaultPlan } from '../../recordings/faults.ts';
import type { Replay } from '../../recordings/replay.ts';
import { contentOf } from './content.ts';
import type { RoundFacts, StreamFacts } from './judge.ts';
import type { KilledWorker } from './killed-worker.ts';

export interface Stage {
  readonly client: Client;
  readonly pool: Pool;
  readonly replay: Replay;
  readonly worker: KilledWorker;
}

export interface Round {
  /** The name that the partner has in this round. */
  readonly partner: string;
  readonly streams: readonly CompiledStream[];
  readonly window: string;
  readonly faults: FaultPlan;
  /** The worker is killed after so many requests of the round each. */
  readonly kills: readonly number[];
  /** How long one run may take, ms. */
  readonly patienceMs: number;
}

/** One sync under faults and kills, and one more without. */
export async function playRound(stage: Stage, round: Round): Promise<RoundFacts> {
  const { replay, pool } = stage;
  const from = replay.arrivals().length;
  replay.play(round.faults);
  const syncing = runOnce(stage, round, 1);
  // A worker that does not start again ends the round at once.
  const [first, kills] = await Promise.all([syncing, killWhile(stage, round, { from, until: syncing })]);
  const arrivals = replay.arrivals().slice(from);
  const contents = new Map<string, StreamFacts['after']>();
  for (const stream of round.streams) contents.set(stream.name, await contentOf(pool, stream));
  replay.play(faultsEnded);
  const second = first === undefined ? undefined : await runOnce(stage, round, 2);
  const streams: StreamFacts[] = [];
  for (const stream of round.streams) {
    const report = first?.get(stream.name);
    const again = second?.get(stream.name)?.counts;
    const after = contents.get(stream.name) ?? { rows: 0, hash: '' };
    streams.push({
      stream: stream.name,
      outcome: report?.outcome ?? null,
      reason: report?.reason ?? null,
      balanced: report === undefined || balances(report),
      after,
      again: await contentOf(pool, stream),
      rewritten: again === undefined ? 0 : again.inserted + again.updated,
    });
  }
  return { ended: first !== undefined && second !== undefined, streams, arrivals, kills };
}

function balances({ counts }: StreamReport): boolean {
  const { fetched, inserted, updated, unchanged, stale, deleted, waiting, quarantined } = counts;
  return fetched === inserted + updated + unchanged + stale + deleted + waiting + quarantined;
}

/** Its reports by stream; undefined: it did not end in time, and was ended. */
async function runOnce(
  { client }: Stage,
  { partner, window, patienceMs }: Round,
  generation: number,
): Promise<ReadonlyMap<string, StreamReport> | undefined> {
  const { handle } = await startSync(client, { partner, streams: [], window, kind: 'manual', generation });
  const late = new AbortController();
  const report = await Promise.race([
    reportOfSync(handle),
    sleep(patienceMs, undefined, { signal: late.signal, ref: false }).catch(() => undefined),
  ]);
  late.abort();
  if (report === undefined) {
    await handle.terminate('it took longer than a rehearsal may');
    return undefined;
  }
  return 'failure' in report ? new Map() : new Map(report.streams.map((each) => [each.stream, each]));
}

/** How many times it was killed. */
async function killWhile(
  { replay, worker }: Stage,
  { kills }: Round,
  { from, until }: { readonly from: number; readonly until: Promise<unknown> },
): Promise<number> {
  const running = { value: true };
  const ended = until.then(
    () => (running.value = false),
    () => (running.value = false),
  );
  let done = 0;
  for (const after of kills) {
    while (running.value && replay.arrivals().length - from < after) await sleep(LOOK_MS);
    if (!running.value) break;
    await worker.kill();
    done += 1;
  }
  await ended;
  return done;
}

const LOOK_MS = 10;
