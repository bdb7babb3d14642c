import { HOUR, MINUTE, SECOND } from '../../core/duration.ts';
import { valueAt } from '../../core/json.ts';
import type { SourceAnswer } from '../../core/source.ts';
import type { Job } from '../../definitions/job.ts';
import { parseRetryAfter } from '../../http/retry-after.ts';

/** A job that has been at work for long is not done the next moment: it is asked again after a tenth of its age. */
const SHARE = 10;
const MOST_BY_AGE = 5 * MINUTE;
/** Whatever the partner says. */
const MOST = HOUR;

/** When the job is asked how far it is, ISO: by what the answer says of it, by `every`, and by how long it has been at work. */
export function askAgainAt(
  { every, wait }: Pick<Job['poll'], 'every' | 'wait'>,
  told: {
    readonly since: number;
    readonly receivedAtMs: number;
    readonly answer: SourceAnswer;
    readonly body: unknown;
  },
): string {
  const { since, receivedAtMs, answer, body } = told;
  const header = parseRetryAfter(answer.headers['retry-after'], () => receivedAtMs) ?? 0;
  const said = wait === undefined ? 0 : Number(valueAt(body, wait) ?? 0) * SECOND;
  const byAge = Math.min(MOST_BY_AGE, (receivedAtMs - since) / SHARE);
  const waitMs = Math.max(every, header, byAge, Number.isFinite(said) ? said : 0);
  return new Date(receivedAtMs + Math.min(waitMs, Math.max(MOST, every))).toISOString();
}
