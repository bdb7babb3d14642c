/** Why Syncline blocks by itself. */
export const misuseCauses = ['unknown keys', 'many callers', 'too many errors', 'too many refused'] as const;
export type MisuseCause = (typeof misuseCauses)[number];

/** Blocks a source, but not the callers that send from there as well, behind the same router: their keys are good. */
export const UNKNOWN_KEYS: MisuseCause = 'unknown keys';
export const MANY_CALLERS: MisuseCause = 'many callers';
