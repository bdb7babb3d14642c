export interface Weight {
  /** Absent: all. */
  readonly method?: string | undefined;
  /** Beginning of the path. */
  readonly path: string;
  readonly weight: number;
}

export interface Asked {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
}

/** What a request counts: the longest path that fits decides, among equals one that names the method; otherwise 1. */
export function weigh(weights: readonly Weight[], asked: Asked): number {
  let best: Weight | undefined;
  for (const each of weights) {
    if (!asked.path.startsWith(each.path) || (each.method !== undefined && each.method !== asked.method)) continue;
    if (best === undefined || rank(each) > rank(best)) best = each;
  }
  return best?.weight ?? 1;
}

const rank = (each: Weight): number => each.path.length * 2 + (each.method === undefined ? 0 : 1);
