/** Whose requests go first when there is too much of them. */
export const callerTiers = ['critical', 'normal', 'bulk'] as const;
export type CallerTier = (typeof callerTiers)[number];

/** Whoever may push to us. */
export interface Caller {
  /** Its name, for ever: a caller that was revoked keeps it. */
  readonly id: string;
  readonly tier: CallerTier;
  /** `acme/payments`, or `acme/*` for all streams of a partner. */
  readonly scopes: readonly string[];
}

/** Letters, digits, `-` and `_`: the name goes into ids, labels and shells. */
export const isCallerId = (text: string): boolean => /^[a-z][a-z0-9_-]{0,62}$/.test(text);

/** Names of partners and streams as definitions have them, without a pattern but a whole `*`. */
export const isScope = (text: string): boolean => /^[a-z][a-z0-9_]{0,39}\/([a-z][a-z0-9_]{0,39}|\*)$/.test(text);

/** Whether the caller may push to the stream. */
export const mayPush = ({ scopes }: Pick<Caller, 'scopes'>, partner: string, stream: string): boolean =>
  scopes.includes(`${partner}/*`) || scopes.includes(`${partner}/${stream}`);

export interface CallerLimits {
  /** Units per second, over any longer time. */
  readonly rate: number;
  /** Units that may come at once after a pause. */
  readonly burst: number;
  /** Units of a day of UTC; null: as many as the rate allows. */
  readonly daily: number | null;
}
