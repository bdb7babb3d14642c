import { z } from 'zod';
import { nothingRead } from '../core/quota.ts';
import { readLimits } from '../http/profiles/read-limits.ts';

/** What is read of an answer; all else may change. */
const acceptedAnswer = z.looseObject({
  id: z.string(),
  items: z.array(
    z.looseObject({
      index: z.int(),
      status: z.enum(['accepted', 'quarantined']),
      pointer: z.string().optional(),
      detail: z.string().optional(),
    }),
  ),
  links: z.looseObject({ self: z.string() }),
});
const problemAnswer = z.looseObject({
  code: z.string().optional(),
  detail: z.string().optional(),
  request_id: z.string().optional(),
  retryable: z.boolean().optional(),
  errors: z.array(z.looseObject({ pointer: z.string(), detail: z.string() })).optional(),
});

export type AcceptedAnswer = z.output<typeof acceptedAnswer>;
export type ProblemAnswer = z.output<typeof problemAnswer>;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** undefined: it is not that of our server, such as one that a proxy has cut off. */
export const readAccepted = ({ status, text }: Answer): AcceptedAnswer | undefined =>
  status === 202 ? acceptedAnswer.safeParse(parsed(text)).data : undefined;

/** Empty where a proxy answered. */
export const readProblem = ({ text }: Answer): ProblemAnswer => problemAnswer.safeParse(parsed(text)).data ?? {};

/** Statuses that pass by themselves, whoever answers. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

export const isPassing = (answer: Answer): boolean =>
  passing.has(answer.status) || (answer.status >= 400 && readProblem(answer).retryable === true);

/** No wait is believed beyond this. */
const MOST_WAIT_MS = 48 * 3_600_000;

/** How long an answer wants nobody to send, ms: its Retry-After, or a limit of which nothing is left. */
export function askedWaitMs({ status, headers, text }: Answer, nowMs: number): number {
  const { waitMs = 0, quotas } =
    headers['retry-after'] === undefined && headers['ratelimit'] === undefined
      ? nothingRead
      : readLimits({
          status,
          headers,
          text,
          body: () => parsed(text),
          profile: 'ietf',
          nowMs,
          maxWaitMs: MOST_WAIT_MS,
        });
  const used = quotas.filter(({ remaining }) => remaining === 0).map(({ resetInMs = 0 }) => resetInMs);
  return waitMs > 0 ? waitMs : Math.max(0, ...used);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
