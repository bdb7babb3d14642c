/** The last step of a request before the kernel has it: a limiter may hold it there, or turn it back unsent. */
export interface Departure {
  /**
   * The request is complete and its connection stands. `write` hands it to the kernel, at once or when its moment has
   * come; `turnBack` ends it instead: nothing of it was sent.
   */
  readonly ready: (write: () => void, turnBack: (why: PermitLapsed) => void) => void;
  /** The kernel has all of it. */
  readonly onWire: () => void;
  /** The head of the answer is there. */
  readonly onAnswer: (status: number) => void;
}

/** A permit that could not be used in time. Nothing was sent: ask for another one. */
export class PermitLapsed extends Error {
  override readonly name = 'PermitLapsed';
}

/**
 * A connection that had been kept broke before any byte of the answer came, as happens when the other side closes it at that moment. The
 * request may have been seen, so it counts; it says nothing of the partner's health, and a request that only reads may be sent again.
 */
export class KeptConnectionBroke extends Error {
  override readonly name = 'KeptConnectionBroke';
}
