import type { LimitProfile, ThrottleSign } from './profile.ts';
import { valuesAt } from './values-at.ts';

export interface AnswerBody {
  readonly status: number;
  readonly text: string;
  /** Parsed when it is asked for; undefined when it is no JSON. */
  readonly body: () => unknown;
}

/** Whether one of the profile's signs says that this answer was refused for too many requests. */
export function showsThrottle(profile: LimitProfile, answer: AnswerBody): boolean {
  return profile.throttled?.some((sign) => matches(sign, answer)) ?? false;
}

/** Whether the body of a refusal shows whose it is: by a code at its place. Sentences are much alike everywhere. */
export function isRefusalOf(profile: LimitProfile, answer: AnswerBody): boolean {
  return profile.throttled?.some((sign) => sign.code !== undefined && matches(sign, answer)) ?? false;
}

function matches({ statuses, contains, code }: ThrottleSign, { status, text, body }: AnswerBody): boolean {
  if (!statuses.includes(status)) return false;
  if (contains !== undefined && !text.includes(contains)) return false;
  if (code === undefined) return true;
  // A search of the text costs next to nothing, parsing does.
  if (!code.equals.some((value) => text.includes(String(value)))) return false;
  return valuesAt(body(), code.path).some((value) => code.equals.some((wanted) => wanted === value));
}
