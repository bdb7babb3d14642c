import type { Micros } from '../micros.ts';

/** Why a request was answered as it was. */
export const verdicts = ['admitted', 'refused', 'scripted', 'outage', 'unauthorized'] as const;
export type Verdict = (typeof verdicts)[number];

export interface Arrival {
  readonly atUs: Micros;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly stream: string;
  /** A fingerprint. */
  readonly token: string;
  readonly verdict: Verdict;
  /** 0: not answered (yet), or cut off. */
  readonly status: number;
}

/** Every request in the order of arrival: in columns, so that half a million cost 8 MB and no garbage is made. */
export interface Arrivals {
  add(arrival: Omit<Arrival, 'status'>): number;
  answered(index: number, status: number): void;
  at(index: number): Arrival;
  /** Those that are kept. */
  kept(): number;
  /** All, kept or not. */
  total(): number;
}

export const MAX_ARRIVALS = 500_000;
const MAX_WORDS = 65_535;

export function createArrivals(capacity = MAX_ARRIVALS): Arrivals {
  const times = new Float64Array(capacity);
  const [methods, paths, streams, tokens] = [column(capacity), column(capacity), column(capacity), column(capacity)];
  const [judged, statuses] = [new Uint8Array(capacity), new Uint16Array(capacity)];
  let total = 0;
  return {
    add(arrival) {
      const index = total;
      total += 1;
      if (index >= capacity) return index;
      times[index] = arrival.atUs;
      methods.set(index, arrival.method);
      paths.set(index, arrival.path);
      streams.set(index, arrival.stream);
      tokens.set(index, arrival.token);
      judged[index] = verdicts.indexOf(arrival.verdict);
      return index;
    },
    answered(index, status) {
      if (index < capacity) statuses[index] = status;
    },
    at: (index) => ({
      atUs: times[index] ?? 0,
      method: methods.get(index),
      path: paths.get(index),
      stream: streams.get(index),
      token: tokens.get(index),
      verdict: verdicts[judged[index] ?? 0] ?? 'admitted',
      status: statuses[index] ?? 0,
    }),
    kept: () => Math.min(total, capacity),
    total: () => total,
  };
}

/** Few different words, each kept once. */
function column(capacity: number) {
  const numbers = new Uint16Array(capacity);
  const words: string[] = ['other'];
  const numberOf = new Map<string, number>();
  return {
    set(index: number, word: string): void {
      let number = numberOf.get(word);
      if (number === undefined) {
        number = words.length <= MAX_WORDS ? words.push(word) - 1 : 0;
        if (number > 0) numberOf.set(word, number);
      }
      numbers[index] = number;
    },
    get: (index: number): string => words[numbers[index] ?? 0] ?? 'other',
  };
}
