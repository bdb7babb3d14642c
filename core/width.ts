/** How many partitions of a stream are read side by side, learnt from how long the partner takes. */
export interface Width {
  /** Whole milliseconds from sending to the last byte, and how large the answer was. */
  readonly answered: (answer: { readonly durationMs: number; readonly bytes: number }) => void;
  readonly wanted: () => number;
}

export interface WidthBounds {
  /** What the definition says; it wins over what is learnt. */
  readonly declared?: number | undefined;
  /** Requests in flight that the partner allows. */
  readonly slots?: number | undefined;
  /** Requests per second that the limits allow; undefined: nothing counts them. */
  readonly perSecond?: number | undefined;
}

/** Most at once where requests are counted, and where nobody says how many a partner can bear. */
export const MOST = { counted: 64, uncounted: 16 };
/** Before the first answer: what a partner that takes some tenths of a second keeps busy. */
const FIRST = { least: 4, most: 16, seconds: 0.3 };
/** All that is in flight together, in bytes, by the average answer. */
const MOST_BYTES = 64 * 1024 * 1024;
/** More in flight than rate x latency, for answers that take longer than usual. */
const SPARE = 1.3;
/** Answers that take so many times longer than usual. */
const TROUBLE = 2;

/**
 * By Little's law rate x latency requests are in flight when a limit is used fully. Answers that take much longer than they used
 * to are a sign of a partner in trouble: then fewer are asked at a time, not more.
 */
export function learnWidth({ declared, slots = Infinity, perSecond }: WidthBounds): Width {
  // A partition more than there are slots waits for one of them, ready to go.
  const most = Math.min(slots + Math.ceil(slots / 2), perSecond === undefined ? MOST.uncounted : MOST.counted);
  if (declared !== undefined) return { answered: () => {}, wanted: () => Math.min(declared, most) };
  const first = Math.min(FIRST.most, Math.max(FIRST.least, Math.ceil((perSecond ?? 0) * FIRST.seconds)));
  const now = average(16);
  const usual = average(128);
  const bytes = average(16);
  let inTrouble = 0;
  return {
    answered: (answer) => {
      now.take(answer.durationMs);
      bytes.take(answer.bytes);
      const isTrouble = (now.value() ?? 0) > TROUBLE * (usual.value() ?? Infinity);
      inTrouble = isTrouble ? inTrouble + 1 : 0;
      // Trouble that lasts becomes usual, but late.
      if (inTrouble % 8 === 0) usual.take(answer.durationMs);
    },
    wanted: () => {
      const usualMs = usual.value();
      if (usualMs === undefined) return Math.min(most, first);
      const asked = perSecond === undefined ? most : Math.ceil((perSecond * usualMs * SPARE) / 1000) + 1;
      const calm = Math.min(1, (TROUBLE * usualMs) / Math.max(1, now.value() ?? 0));
      const fits = MOST_BYTES / Math.max(1, bytes.value() ?? 0);
      return Math.max(1, Math.floor(Math.min(most, asked * calm, fits)));
    },
  };
}

/** Of all at first; then newer ones weigh more. */
function average(over: number): { readonly take: (value: number) => void; readonly value: () => number | undefined } {
  let count = 0;
  let mean = 0;
  return {
    take: (value) => {
      count = Math.min(over, count + 1);
      mean += (value - mean) / count;
    },
    value: () => (count === 0 ? undefined : mean),
  };
}
