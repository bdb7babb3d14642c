import type { Position } from '../../core/page.ts';
import type { Job } from '../../definitions/job.ts';
import { readState } from './job-cursor.ts';

/** What a position of an export job leads to. */
export type JobPlace =
  | { readonly step: 'find' | 'create' | 'poll' }
  /** A file of the result, from 0; undefined: the result is read by pages. */
  | { readonly step: 'result'; readonly file: number | undefined; readonly cursor: string | null };

export function placeIn({ find }: Job, { cursor, resumed = false }: Position): JobPlace {
  const state = readState(cursor);
  if (state.step === 'create') return { step: find !== undefined && (cursor === null || resumed) ? 'find' : 'create' };
  if (state.step === 'poll' || (resumed && state.files.length > 0)) return { step: 'poll' };
  return { step: 'result', file: state.files.length > 0 ? state.read : undefined, cursor: state.cursor };
}
