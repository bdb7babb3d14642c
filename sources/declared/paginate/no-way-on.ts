import { GiveUp } from '../../../core/errors.ts';

/**
 * The page came well, and where the listing goes on cannot be told or followed. Its records are kept: the partition ends there, in
 * doubt.
 */
export class NoWayOn extends GiveUp {}
