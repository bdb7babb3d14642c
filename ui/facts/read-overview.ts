import type { Pool } from 'pg';
import { freshnessOf, type Freshness } from '../../core/freshness.ts';
import type { Partner } from '../../definitions/definition.ts';
import { placesOf } from '../../definitions/named-targets.ts';
import type { Names } from '../../messages/names.ts';
import { readApprovals } from '../../store/approvals.ts';
import { differingTables } from '../../store/comparisons/differing-tables.ts';
import { notOkSince } from '../../store/inspect/not-ok-since.ts';
import { partnersInTrouble } from '../../store/inspect/partner-standing.ts';
import { neverRun, statusOfStreams, type StreamStatus } from '../../store/inspect/stream-status.ts';
import { troubledTargets } from '../../store/inspect/troubled-targets.ts';
import { readPauses } from '../../store/pauses.ts';
import { streamsBreaking } from '../../store/rules/broken-rules.ts';
import type { Definitions } from './known-definitions.ts';
import { troubleOfDefinition, troubleOfPause, troublesOfStanding } from './partner-troubles.ts';
import { troublesOf } from './stream-troubles.ts';
import { inOrder, type Level, type Trouble } from './trouble.ts';

/** A stream as the pages list it. */
export interface ShownStream extends StreamStatus {
  readonly freshness: Freshness | null;
  /** Null: all is as it should be. */
  readonly worst: Level | null;
  readonly paused: boolean;
}

export interface Overview {
  /** ISO; by the clock of this process. */
  readonly at: string;
  readonly streams: readonly ShownStream[];
  /** The worst first. */
  readonly troubles: readonly Trouble[];
}

export interface OverviewDeps {
  readonly pool: Pool;
  readonly names: Names;
  readonly definitions: () => Promise<Definitions>;
  readonly nowMs?: () => number;
}

/** How all streams stand, or those of a partner, or one; and all that is late or wrong with them. */
export async function readOverview(
  { pool, names, definitions, nowMs: clock = Date.now }: OverviewDeps,
  of: { readonly partner?: string; readonly stream?: string } = {},
): Promise<Overview> {
  const { partners, broken } = await definitions();
  const [begun, standings, pauses, breaking, approvals, targets, differing] = await Promise.all([
    statusOfStreams(pool, of),
    partnersInTrouble(pool, of.partner),
    readPauses(pool, of.partner ?? null),
    streamsBreaking(pool),
    readApprovals(pool, { partner: of.partner }),
    troubledTargets(pool, of.partner),
    differingTables(pool, of.partner),
  ]);
  const nowMs = clock();
  const statuses = [...begun, ...notBegun({ names, partners }, begun, of)];
  const bad = begun.filter(({ lastOutcome }) => lastOutcome !== null && lastOutcome !== 'ok');
  const notOk = await notOkSince(pool, bad);
  const named = new Set(
    (targets.length + differing.length === 0 ? [] : placesOf([...partners.values()].map((each) => each.partner))).map(
      ({ target, partner, stream }) => `${target} ${partner} ${stream}`,
    ),
  );
  const isNamedOf =
    ({ partner, stream }: StreamStatus) =>
    (one: {
      readonly target: string;
      readonly partner: string;
      readonly stream: string;
      readonly of: string;
    }): boolean =>
      one.partner === partner && one.of === stream && named.has(`${one.target} ${partner} ${one.stream}`);
  const told: Trouble[] = [];
  const streams = statuses.map((status): ShownStream => {
    const { partner, stream } = status;
    const here = (one: { readonly partner: string; readonly stream: string }): boolean =>
      one.partner === partner && one.stream === stream;
    const definition = partners.get(partner)?.partner;
    const freshness = freshnessOf(definition?.streams[stream]?.freshness, { freshAt: status.freshAt, nowMs });
    const troubles = troublesOf({
      status,
      freshness,
      lastRun: status.lastRun,
      notOk: notOk.get(`${partner}/${stream}`) ?? null,
      broken: breaking.find(here)?.broken ?? [],
      approval: approvals.find(here) ?? null,
      targets: targets.filter(isNamedOf(status)),
      differing: differing.filter(isNamedOf(status)),
      schedules: definition === undefined ? null : schedulesOf(definition, stream),
      nowMs,
    });
    told.push(...troubles);
    return {
      ...status,
      freshness,
      worst: inOrder(troubles)[0]?.level ?? null,
      paused:
        pauses.some(({ scope, target }) => scope === 'partner' && target === partner) ||
        status.deferredKind === 'paused',
    };
  });
  const general = [
    ...standings.flatMap(troublesOfStanding),
    ...pauses.map((pause) =>
      troubleOfPause(pause, pause.scope === 'partner' ? pause.target : names.partnerOfId(pause.target)),
    ),
    ...broken
      .filter(({ partner }) => of.partner === undefined || of.partner === partner)
      .map(({ partner, problem }) => troubleOfDefinition(partner, problem)),
  ];
  return { at: new Date(nowMs).toISOString(), streams, troubles: inOrder([...general, ...told]) };
}

/** Those that read the stream, of a definition's schedules. */
const schedulesOf = ({ schedules }: Partner, stream: string): readonly string[] =>
  Object.entries(schedules)
    .filter(([, { streams }]) => streams.length === 0 || streams.includes(stream))
    .map(([name]) => name);

/** Streams of definitions that have no run yet. What promises nothing is not late, and is listed all the same. */
function notBegun(
  { names, partners }: { readonly names: Names; readonly partners: Definitions['partners'] },
  begun: readonly StreamStatus[],
  of: { readonly partner?: string; readonly stream?: string },
): readonly StreamStatus[] {
  const known = new Set(begun.map(({ partner, stream }) => `${partner}/${stream}`));
  return [...partners.values()]
    .filter(({ partner: { name } }) => of.partner === undefined || of.partner === name)
    .flatMap(({ partner: { name: partner, streams } }) =>
      Object.entries(streams)
        .filter(([stream]) => !known.has(`${partner}/${stream}`) && (of.stream === undefined || of.stream === stream))
        .map(([stream, { table }]) =>
          neverRun({ partner, stream, table: `${names.targetSchema(partner)}.${table ?? stream}` }),
        ),
    );
}
