import type { Reading } from '../../core/quota.ts';
import type { Answer } from '../../core/page.ts';
import { parseJson } from '../../core/json.ts';
import type { Limits } from '../../definitions/definition.ts';
import { readLimits } from '../../http/profiles/read-limits.ts';

/** What the first page tells of the partner's limits, for the person who writes the definition. */
export interface SampledLimits extends Pick<Reading, 'profile' | 'quotas' | 'cost' | 'skewMs' | 'problems'> {
  /** Whether the definition names the profile, or it was recognised. */
  readonly declared: boolean;
}

export function sampleLimits(answer: Answer, limits: Pick<Limits, 'profile' | 'maxWait'>): SampledLimits {
  const { profile, quotas, cost, skewMs, problems } = readLimits({
    ...answer,
    body: () => tryJson(answer.text),
    bodyIsFree: true,
    profile: limits.profile,
    nowMs: answer.receivedAtMs,
    maxWaitMs: limits.maxWait,
  });
  return {
    profile,
    declared: limits.profile !== 'auto',
    quotas,
    ...(cost === undefined ? {} : { cost }),
    ...(skewMs === undefined ? {} : { skewMs }),
    problems,
  };
}

function tryJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
