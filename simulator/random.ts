/** mulberry32: numbers in [0, 1) that depend on the parts alone, so any record can be made at any time, in any order. */
export function randomOf(...parts: readonly number[]): () => number {
  let state = 0x9e3779b9;
  for (const part of parts) state = mix(state ^ (part | 0));
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One of the values. */
export function pick<T>(random: () => number, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

/** `count` different numbers below `population` (all of them if there are fewer), in ascending order. */
export function pickDistinct(random: () => number, count: number, population: number): readonly number[] {
  if (count >= population) return Array.from({ length: population }, (_, index) => index);
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(Math.floor(random() * population));
  return [...chosen].toSorted((a, b) => a - b);
}

/** The finalizer of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
