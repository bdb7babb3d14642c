import type { Html } from '../../core/html.ts';

/** What a page shows; the layout stands around it. */
export interface Page {
  readonly title: string;
  readonly body: Html;
  /** ISO: when it was read. */
  readonly at: string;
  /** HTTP status; 200 when absent. */
  readonly status?: number;
}
