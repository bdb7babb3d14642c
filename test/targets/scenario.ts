import type { StreamInput } from '../../definitions/definition.ts';

/** The records of one reading, by its pages; `replay`: what is in quarantine is sent through again. */
export type Step =
  { readonly pages: readonly (readonly string[])[] } | { readonly define: Partial<StreamInput> } | 'replay';

export interface Scenario {
  /** As the support matrix says it. */
  readonly name: string;
  readonly stream: Partial<StreamInput>;
  readonly steps: readonly Step[];
  /** How many rows there are at the end. */
  readonly rows: number;
}
