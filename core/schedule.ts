import type { FindingKind, ReconcileLevel } from './reconcile.ts';
import type { Covers } from './schedule-slot.ts';

export type Overlap = 'queue' | 'queueOne' | 'skip';

interface TimesOfSchedule {
  /** `duplicates` and `targets` for what duplicates.yaml and targets.yaml declare: no partner can have these names. */
  readonly partner: string;
  readonly name: string;
  /** Five fields each. */
  readonly cron: readonly string[];
  readonly timeZone: string;
  readonly jitterMs: number;
  readonly overlap: Overlap;
  readonly catchUpMs: number;
  readonly pauseOnFailure: boolean;
  readonly paused: boolean;
  readonly note: string | null;
}

export interface SyncSchedule extends TimesOfSchedule {
  /** Schedules were once of syncs only: those in Temporal do not say it. */
  readonly kind?: never;
  readonly covers: Covers;
  /** Empty: all. */
  readonly streams: readonly string[];
}

export interface ReconcileSchedule extends TimesOfSchedule {
  readonly kind: 'reconcile';
  /** Empty: all that can be compared in this way. */
  readonly streams: readonly string[];
  readonly level: ReconcileLevel;
  /** Only what changed within so long before the slot; null: all there is. */
  readonly lastMs: number | null;
  /** Records that are drawn; null: the partner is listed. */
  readonly sample: number | null;
  /** Findings of these kinds are repaired at once. */
  readonly repair: readonly FindingKind[];
}

/** New rows join merged clusters. */
export interface JoinSchedule extends TimesOfSchedule {
  readonly kind: 'join';
}

/** The tables of a target are compared with the store. `partner` is `targets`, and `name` that of the target. */
export interface CompareSchedule extends TimesOfSchedule {
  readonly kind: 'compare';
}

/** A schedule as its definition declares it: JSON. It is what a scheduled run is given, so Temporal keeps it too. */
export type DeclaredSchedule = SyncSchedule | ReconcileSchedule | JoinSchedule | CompareSchedule;

export type ScheduleKind = 'sync' | 'reconcile' | 'join' | 'compare';
export const scheduleKind = ({ kind }: DeclaredSchedule): ScheduleKind => kind ?? 'sync';

/** As Temporal has it now. */
export interface PresentSchedule {
  readonly id: string;
  readonly declared: DeclaredSchedule;
  readonly paused: boolean;
  /** Why it is paused, or what it is for. */
  readonly note: string | null;
}

export type ScheduleChange = { readonly id: string } & (
  | { readonly kind: 'create'; readonly to: DeclaredSchedule }
  | {
      readonly kind: 'update';
      readonly to: DeclaredSchedule;
      readonly fields: readonly FieldChange[];
      readonly pause: 'pause' | 'resume' | 'keep';
    }
  | { readonly kind: 'remove' }
  | { readonly kind: 'unchanged'; readonly pausedByHand: string | null }
);

export interface FieldChange {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** What Temporal's note says while the definition keeps a schedule paused: a pause by a person has another. */
export const PAUSED_BY_DEFINITION = 'paused by its definition';

/** What `schedule apply` has to do. A pause that a person made stays, unless the definition itself says `paused`. */
export function compareSchedules(
  declared: readonly (DeclaredSchedule & { readonly id: string })[],
  present: readonly PresentSchedule[],
): readonly ScheduleChange[] {
  const wanted = new Set(declared.map(({ id }) => id));
  const there = new Map(present.map((each) => [each.id, each]));
  const changes = declared.map(({ id, ...to }): ScheduleChange => {
    const now = there.get(id);
    if (now === undefined) return { kind: 'create', id, to };
    const byDefinition = now.note === PAUSED_BY_DEFINITION;
    const pause = to.paused === now.paused ? 'keep' : to.paused ? 'pause' : byDefinition ? 'resume' : 'keep';
    const fields = [
      ...differences(now.declared, to),
      ...(pause === 'keep' ? [] : [{ field: 'paused', from: now.paused, to: to.paused }]),
    ];
    if (fields.length > 0) return { kind: 'update', id, to, fields, pause };
    return { kind: 'unchanged', id, pausedByHand: now.paused && !byDefinition ? (now.note ?? '') : null };
  });
  const gone = present.filter(({ id }) => !wanted.has(id)).map(({ id }): ScheduleChange => ({ kind: 'remove', id }));
  return [...changes, ...gone].toSorted((a, b) => a.id.localeCompare(b.id));
}

/** Only what is written: `paused` is compared with how it stands. What only the old kind of a schedule had is not told. */
function differences(from: DeclaredSchedule, to: DeclaredSchedule): FieldChange[] {
  const [old, wanted] = [from, to] as unknown as readonly Readonly<Record<string, unknown>>[];
  return Object.keys(to)
    .filter((field) => field !== 'paused' && JSON.stringify(old?.[field]) !== JSON.stringify(wanted?.[field]))
    .map((field) => ({ field, from: old?.[field], to: wanted?.[field] }));
}
