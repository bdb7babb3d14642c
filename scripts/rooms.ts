import type { Import } from './imports.ts';

/** A room is a folder at the root. One that imports another has an arrow to it. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** The imports it stands for, never none. */
  readonly imports: readonly Import[];
}

export const roomOf = (path: string): string => path.split('/')[0] as string;

export const isTypeOnly = ({ imports }: Arrow): boolean => imports.every(({ typeOnly }) => typeOnly);

/** From room to room, in the order of the alphabet. */
export function arrowsOf(imports: readonly Import[]): readonly Arrow[] {
  const found = new Map<string, Arrow>();
  for (const each of imports) {
    const [from, to] = [roomOf(each.from), roomOf(each.to)];
    if (from === to) continue;
    const key = `${from} ${to}`;
    found.set(key, { from, to, imports: [...(found.get(key)?.imports ?? []), each] });
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, arrow]) => arrow);
}

/** The arrows of a shortest way from one room to another; undefined: there is none. */
export function wayOf(arrows: readonly Arrow[], from: string, to: string): readonly Arrow[] | undefined {
  const ways = new Map<string, readonly Arrow[]>([[from, []]]);
  // A map is walked in the order of insertion, also over what is added on the way: the shortest come first.
  for (const [room, way] of ways) {
    if (room === to) return way;
    for (const arrow of arrows) if (arrow.from === room && !ways.has(arrow.to)) ways.set(arrow.to, [...way, arrow]);
  }
  return undefined;
}

/** A shortest circle of rooms; undefined: there is none. */
export function circleOf(arrows: readonly Arrow[]): readonly Arrow[] | undefined {
  const circles = arrows.flatMap((arrow) => {
    const back = wayOf(arrows, arrow.to, arrow.from);
    return back === undefined ? [] : [[arrow, ...back]];
  });
  return circles.toSorted((a, b) => a.length - b.length)[0];
}

/** A line for each import of a circle: any arrow that loses all of its own opens it. */
export const describeCircle = (circle: readonly Arrow[]): readonly string[] =>
  circle.flatMap(({ from, to, imports }) =>
    imports.map((each) => `${from} -> ${to}: ${each.from} imports ${each.typeOnly ? 'types of ' : ''}${each.to}`),
  );
