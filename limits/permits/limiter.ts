import type { Departure } from '../../core/departure.ts';
import type { PermitWait } from '../../core/grant-waits.ts';
import type { Lane } from '../../core/names.ts';
import type { QuotaReading } from '../../core/quota.ts';
import type { Limits } from '../../definitions/definition.ts';

/** What the limiter says to one request: go, or ask again after `waitMs`. Nothing is reserved for later. */
export type Permit = GrantedPermit | RefusedPermit;

export interface GrantedPermit {
  readonly granted: true;
  /**
   * The request finds out whether a partner that was down answers again, the only one of the fleet: its circuit wants to know
   * under this number what became of it. May only be there once it is sent.
   */
  readonly probe?: number | undefined;
  /** Holds the request until the moment it may be sent; a permit that is not used in time lapses (PermitLapsed). */
  readonly departure?: Departure;
  /** What the answer told of limits and cost. */
  readonly answered?: (told: Told) => Promise<void>;
  /** The request is over, however it ended, or was never made. */
  readonly release: () => Promise<void>;
}

export interface Told {
  readonly quotas: readonly QuotaReading[];
  readonly cost: number | undefined;
}

export interface RefusedPermit {
  readonly granted: false;
  readonly waitMs: number;
  /** The bucket that has no room, or why nobody may send. */
  readonly cause: string;
  /** The kind of `cause`; left out by limiters that do not tell. */
  readonly waitsFor?: PermitWait | undefined;
  /** The partner does not answer; `cause` is the last error. */
  readonly down?: boolean | undefined;
}

/** By default a GET of the base URL in the normal lane that would rather be refused than wait. */
export interface PermitRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly lane: Lane;
  /** Critical work that the request is part of: its units of a quota are kept from the other lanes. */
  readonly work?: Work | undefined;
  /** Takes the request out of the queue; `ask` throws its reason. */
  readonly signal?: AbortSignal;
  /** How long the caller would rather wait than be refused. */
  readonly patienceMs: number;
  /** The caller sends nothing before `departure.ready` lets it: so it may be made ready before its turn comes. */
  readonly departs: boolean;
  /** Told what the request waits for, each time that this is found out. */
  readonly onWait?: ((reason: PermitWait) => void) | undefined;
}

export interface Work {
  readonly name: string;
  /** Requests that it will still make; Infinity: it cannot know. */
  readonly left: number;
}

/** How the cause of a refusal ends that is only due to critical work. */
export const KEPT_FOR_CRITICAL = 'kept for critical work';

export interface Limiter {
  /** Asks for leave to send one request now with this credential. */
  ask(request?: Partial<PermitRequest>): Promise<Permit>;
  /**
   * Nobody sends with this credential for `waitMs`; an earlier block that lasts longer stays. Returns its end, ISO. Also slows
   * the fleet down for a while, unless `cut` is false.
   */
  block(waitMs: number, reason: string, options?: { readonly cut?: boolean }): Promise<string>;
  /** Critical work is done: nothing is kept for it any more. */
  finished?(work: string): Promise<void>;
  close?(): Promise<void>;
}

export interface LimiterFor {
  readonly partner: string;
  /** Whose limits these are: definitions that share a credential share its limits. */
  readonly credential: string;
  /** What weights' paths follow. */
  readonly baseUrl?: string;
  readonly limits: Limits;
  /** A lease of a slot ends by itself after this, should its owner die. */
  readonly leaseMs: number;
  /** How long a process may use its slots again, though others wait for them; KEEP_MS if absent. */
  readonly keepSlotsMs?: number | undefined;
}
