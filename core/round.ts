/**
 * One page that was kept in mind, by its mark. Pages that come round again meet it, however long the round is, if it moves on ever more
 * rarely (R. P. Brent, 1980): that takes no more memory than one mark.
 */
export interface Round {
  readonly mark: string;
  /** How often a page like it came since. */
  readonly met: number;
  /** Pages since, and after how many of them it moves on. */
  readonly steps: number;
  readonly span: number;
}

/** What is kept in mind behind a page with this mark. */
export function roundAfter(round: Round | undefined, mark: string): Round {
  if (round === undefined) return { mark, met: 0, steps: 0, span: 2 };
  const { met, steps, span } = round;
  if (steps + 1 === span) return { mark, met: 0, steps: 0, span: span * 2 };
  return { ...round, met: met + (mark === round.mark ? 1 : 0), steps: steps + 1 };
}
