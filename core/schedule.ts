import type { Covers } from './schedule-slot.ts';

export type Overlap = 'queue' | 'queueOne' | 'skip';

/** A schedule as its definition declares it: JSON. It is what a scheduled run is given, so Temporal keeps it too. */
export interface DeclaredSchedule {
  readonly partner: string;
  readonly name: string;
  /** Five fields each. */
  readonly cron: readonly string[];
  readonly timeZone: string;
  readonly covers: Covers;
  /** Empty: all. */
  readonly streams: readonly string[];
  readonly jitterMs: number;
  readonly overlap: Overlap;
  readonly catchUpMs: number;
  readonly pauseOnFailure: boolean;
  readonly paused: boolean;
  readonly note: string | null;
}

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

/** Only what is written: `paused` is compared with how it stands. */
function differences(from: DeclaredSchedule, to: DeclaredSchedule): FieldChange[] {
  const fields = Object.keys(to) as (keyof DeclaredSchedule)[];
  return fields
    .filter((field) => field !== 'paused' && JSON.stringify(from[field]) !== JSON.stringify(to[field]))
    .map((field) => ({ field, from: from[field], to: to[field] }));
}
