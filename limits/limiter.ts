import type { Limits } from '../definitions/definition.ts';

/** What the limiter says to one request: go now, or ask again after `waitMs`. Nothing is reserved for later. */
export type Permit =
  | { readonly granted: true; readonly release: () => Promise<void> }
  | { readonly granted: false; readonly waitMs: number; readonly cause: string };

export interface Limiter {
  /** Asks for leave to send one request now with this credential. */
  ask(): Promise<Permit>;
  /** Nobody sends with this credential for `waitMs`; an earlier block that lasts longer stays. Returns its end, ISO. */
  block(waitMs: number, reason: string): Promise<string>;
}

export interface LimiterFor {
  readonly partner: string;
  /** Whose limits these are: definitions that share a credential share its limits. */
  readonly credential: string;
  readonly limits: Limits;
  /** A lease of a slot ends by itself after this, should its owner die. */
  readonly leaseMs: number;
}
