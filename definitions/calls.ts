import { z } from 'zod';
import { means } from './means.ts';

/** What the call log keeps of calls: docs/calls.md. */
export const calls = z.strictObject({
  sample: means(
    'the share of successful calls that is kept, 0 to 1; failed ones always are; `SYNCLINE_CALLS_SAMPLE` if absent',
    z.number().min(0).max(1).optional(),
  ),
  excerpt: means(
    'whether the beginning of the answer of failed calls is kept, without secrets',
    z.boolean().optional(),
  ),
});
