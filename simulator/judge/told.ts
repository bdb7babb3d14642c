import type { Micros } from '../micros.ts';

/** A wait that was told to a token, and who came when. */
export interface Reset {
  readonly toldAtUs: Micros;
  /** The latest, if it was told several times before it was over. */
  untilUs: Micros;
  /** First arrival at or after it. */
  firstAtUs: Micros | null;
  early: number;
}

export interface Early {
  readonly atUs: Micros;
  readonly stream: string;
  readonly sinceToldMs: number;
  readonly beforeResetMs: number;
}

/** What one token was told to wait for, and whether it did. */
export interface Told {
  /** Notes an arrival, before it is answered. */
  arrive(atUs: Micros, stream: string): void;
  tell(nowUs: Micros, untilUs: Micros): void;
  readonly resets: readonly Reset[];
  /** The first thousand. */
  readonly earlyOnes: readonly Early[];
  early(): number;
  inTransit(): number;
}

const KEPT = 1000;

export function createTold(transitMs: number): Told {
  const resets: Reset[] = [];
  const earlyOnes: Early[] = [];
  let last: Reset | undefined;
  let [early, inTransit] = [0, 0];
  return {
    arrive(atUs, stream) {
      if (last === undefined) return;
      if (atUs >= last.untilUs) {
        last.firstAtUs ??= atUs;
        return;
      }
      const sinceToldMs = (atUs - last.toldAtUs) / 1000;
      if (sinceToldMs < transitMs) {
        inTransit += 1;
        return;
      }
      early += 1;
      last.early += 1;
      if (earlyOnes.length < KEPT)
        earlyOnes.push({ atUs, stream, sinceToldMs, beforeResetMs: (last.untilUs - atUs) / 1000 });
    },
    tell(nowUs, untilUs) {
      if (untilUs <= nowUs) return;
      if (last !== undefined && nowUs < last.untilUs) {
        last.untilUs = Math.max(last.untilUs, untilUs);
      } else {
        last = { toldAtUs: nowUs, untilUs, firstAtUs: null, early: 0 };
        if (resets.length < KEPT) resets.push(last);
      }
    },
    resets,
    earlyOnes,
    early: () => early,
    inTransit: () => inTransit,
  };
}
