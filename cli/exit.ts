import type { Outcome } from '../core/names.ts';

/** Exit codes that scripts can use. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, partial: 3, deferred: 4, interrupted: 130 } as const;

export const exitCodeOf = {
  ok: exitCodes.ok,
  partial: exitCodes.partial,
  suspect: exitCodes.partial,
  deferred: exitCodes.deferred,
  failed: exitCodes.failed,
} as const satisfies Record<Outcome, number>;
