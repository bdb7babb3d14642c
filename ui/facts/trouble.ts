/** Something that a person should look at: what, why, since when, and what to do. The page begins with these. */
export interface Trouble {
  readonly level: Level;
  readonly kind: TroubleKind;
  readonly partner: string;
  /** Null: it concerns all streams of the partner. */
  readonly stream: string | null;
  /** What is late or wrong, in one short sentence. */
  readonly what: string;
  /** Null: nobody knows. */
  readonly why: string | null;
  /** ISO; null: nobody knows. */
  readonly since: string | null;
  readonly todo: Todo;
  /** The run that shows it. */
  readonly run: string | null;
}

/** `bad`: data is late or missing. `warning`: it will be, or some of it is. `note`: it goes on by itself, or a person has ordered it. */
export const levels = ['bad', 'warning', 'note'] as const;
export type Level = (typeof levels)[number];

export const troubleKinds = [
  'definition',
  'paused',
  'down',
  'late',
  'failed',
  'suspect',
  'partial',
  'rules',
  'approval',
  'overdue',
  'target',
  'blocked',
  'quota',
  'webhook',
  'undone',
] as const;
export type TroubleKind = (typeof troubleKinds)[number];

export interface Todo {
  readonly says: string;
  /** A command that does it. */
  readonly command: string | null;
}

/** The worst first; of the same level what has lasted longest. */
export const inOrder = (troubles: readonly Trouble[]): readonly Trouble[] =>
  troubles.toSorted(
    (a, b) =>
      levels.indexOf(a.level) - levels.indexOf(b.level) ||
      troubleKinds.indexOf(a.kind) - troubleKinds.indexOf(b.kind) ||
      (a.since ?? '9').localeCompare(b.since ?? '9') ||
      a.partner.localeCompare(b.partner) ||
      (a.stream ?? '').localeCompare(b.stream ?? ''),
  );

/** Many streams of a partner in the same trouble, for which the same helps, are told as one: more would hide what else there is. */
export interface TroubleGroup {
  /** The first of them, as `inOrder` has it. */
  readonly first: Trouble;
  /** All streams that are in it, the first among them. */
  readonly streams: readonly string[];
}

const MOST_APART = 3;

export function grouped(troubles: readonly Trouble[]): readonly TroubleGroup[] {
  const groups = new Map<string, Trouble[]>();
  for (const trouble of inOrder(troubles)) {
    const id = `${trouble.level} ${trouble.kind} ${trouble.partner} ${trouble.todo.says}`;
    groups.set(id, [...(groups.get(id) ?? []), trouble]);
  }
  return [...groups.values()].flatMap((group) =>
    group.length > MOST_APART
      ? [{ first: group[0] as Trouble, streams: streamsOf(group) }]
      : group.map((first) => ({ first, streams: streamsOf([first]) })),
  );
}

const streamsOf = (troubles: readonly Trouble[]): readonly string[] => troubles.flatMap(({ stream }) => stream ?? []);
