/** Two rows that are held to be the same, by their numbers. */
export interface Link {
  readonly left: number;
  readonly right: number;
  /** At most so many rows may belong together by it. */
  readonly largest: number;
}

/** Rows that must not belong together. */
export type Apart = readonly [number, number];

export type Held = 'large' | 'never';

/**
 * Which rows belong together: links are taken one after the other, the strongest first, and one that would make a cluster too large, or would bring
 * together what never merges, holds nothing. What comes out depends on the order of the links and on nothing else: give them sorted.
 */
export class Clusters {
  readonly #parent: Int32Array;
  readonly #size: Int32Array;
  /** By root: the rows that none of its rows may meet. */
  readonly #apart = new Map<number, number[]>();

  constructor(rows: number, apart: Iterable<Apart> = []) {
    this.#parent = Int32Array.from({ length: rows }, (_, row) => row);
    this.#size = new Int32Array(rows).fill(1);
    for (const [a, b] of apart) {
      this.#keepApart(a, b);
      this.#keepApart(b, a);
    }
  }

  /** The least row of its cluster is not promised: a number that all of them share. */
  rootOf(row: number): number {
    let root = row;
    while (this.#parent[root] !== root) root = this.#parent[root] as number;
    for (let at = row; at !== root;) {
      const next = this.#parent[at] as number;
      this.#parent[at] = root;
      at = next;
    }
    return root;
  }

  sizeOf(row: number): number {
    return this.#size[this.rootOf(row)] as number;
  }

  /** Why the link holds nothing; undefined: its rows belong together now. */
  join({ left, right, largest }: Link): Held | undefined {
    const [a, b] = [this.rootOf(left), this.rootOf(right)];
    if (a === b) return undefined;
    const size = this.sizeOf(a) + this.sizeOf(b);
    if (size > largest) return 'large';
    if (this.#mustNotMeet(a, b)) return 'never';
    const [into, from] = this.sizeOf(a) >= this.sizeOf(b) ? [a, b] : [b, a];
    this.#parent[from] = into;
    this.#size[into] = size;
    const apart = [...(this.#apart.get(into) ?? []), ...(this.#apart.get(from) ?? [])];
    if (apart.length > 0) this.#apart.set(into, apart);
    this.#apart.delete(from);
    return undefined;
  }

  #mustNotMeet(a: number, b: number): boolean {
    return (this.#apart.get(a) ?? []).some((row) => this.rootOf(row) === b);
  }

  #keepApart(row: number, other: number): void {
    const known = this.#apart.get(row);
    if (known === undefined) this.#apart.set(row, [other]);
    else known.push(other);
  }
}
