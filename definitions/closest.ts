/** The candidate that `word` was most likely meant to be, or undefined when none is near. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const away = distance(simplified(word), simplified(candidate));
    if (away < bestDistance && away <= allowed(word, candidate)) [best, bestDistance] = [candidate, away];
  }
  return best;
}

/** One slip in a short word, more in a long one, and most where only the end differs (`paginate`, `pagination`). */
function allowed(word: string, candidate: string): number {
  if (word.length <= 4) return 1;
  return word.slice(0, 4) === candidate.slice(0, 4)
    ? Math.floor(word.length / 2)
    : Math.max(2, Math.floor(word.length / 3));
}

/** `next_url` and `nextUrl` are the same word to a person. */
const simplified = (word: string): string => word.toLowerCase().replaceAll(/[_\s-]/g, '');

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] as number) + 1 : Infinity;
      next.push(Math.min(substituted, swapped, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] as number;
}
