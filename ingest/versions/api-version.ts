import type { z } from 'zod';
import type { Accepted, RequestState } from '../answers.ts';

/** How one version of the API shows an answer. What is stored is the same for all of them, so a key holds across versions. */
export interface Shown<T> {
  readonly schema: z.ZodType;
  /** For the documents. */
  readonly example: unknown;
  /** A pure function: a replayed answer must come out the same, byte for byte. undefined: it is shown as it is stored. */
  readonly show?: (answer: T) => unknown;
}

/** A version of the API that is served. Its paths begin with its name. */
export interface ApiVersion {
  readonly name: `v${number}`;
  /** What differs from the version before it, each as something that a sender does: shown on the page of versions. */
  readonly changes: readonly string[];
  readonly accepted: Shown<Accepted>;
  readonly state: Shown<RequestState>;
  /** It should not be used any more; undefined: it may. */
  readonly deprecation?: Deprecation;
}

export interface Deprecation {
  /** From when on; ISO. */
  readonly since: string;
  /** When it ends; ISO. */
  readonly sunset: string;
  /** It has ended: all of its paths answer 410. Somebody decides this, no clock does. */
  readonly ended?: boolean;
}
