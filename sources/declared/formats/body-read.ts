import type { PageRead } from '../../../core/source.ts';

/** What a text holds by its format and the definition's `records`. */
export interface BodyRead extends Pick<PageRead, 'records' | 'exactAt' | 'texts' | 'faults'> {
  /** For pagination: the parsed body. */
  readonly body: unknown;
  /** What the listing lists: the records before they were exploded. */
  readonly listed: readonly unknown[];
}
