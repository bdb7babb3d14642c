import type { Job } from '../definitions/job.ts';

/** A state that means nothing of the others. */
export function atWork({ poll: { done = [], failed, expired } }: Job): unknown {
  const named = [...done, ...failed, ...expired].map(String);
  const states = [...(typeof done[0] === 'boolean' ? [!done[0]] : []), 'at work', 'in progress', 'queued'];
  return states.find((state) => !named.includes(String(state)));
}
