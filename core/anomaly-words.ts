import type { AnomalyKind } from './anomaly.ts';
import { assertNever } from './assert-never.ts';

/** What is odd, in plain words. */
export function whatIsOdd(kind: AnomalyKind): string {
  switch (kind) {
    case 'same-version':
      return 'other content with the same version: the record that was received later counts';
    case 'same-second':
      return 'other content in the same second, and the version has no smaller part: the record that was received later counts';
    case 'goes-back':
      return 'older versions came after a newer one, again and again: they are in the log and changed no table';
    default:
      return assertNever(kind);
  }
}

/** Of a stream whose definition names no version. */
export const noVersion =
  'the definition names no version: the record that was received later counts, also where it is an older one';
