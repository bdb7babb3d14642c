import type { SampledLimits } from '../activities/check/sample-limits.ts';
import { formatDuration, SECOND } from '../core/duration.ts';
import type { QuotaReading } from '../core/quota.ts';

/** What was read of a partner's limits, in lines for a person. */
export function describeLimits({ profile, declared, quotas, cost, skewMs = 0, problems }: SampledLimits): string[] {
  const lines = quotas.map(describeQuota);
  if (cost !== undefined) lines.push(`this answer cost ${count(cost)}`);
  if (profile !== '' && lines.length > 0)
    lines.unshift(`limits, read as ${profile} (${declared ? 'declared' : 'recognised'}):`);
  if (quotas.some(({ confidence, resetInMs }) => confidence === 'guessed' && resetInMs !== undefined))
    lines.push('note: what a reset means was guessed by its size: limits.profile can say it');
  if (Math.abs(skewMs) > CLOCK_TOLERANCE_MS)
    lines.push(`note: the partner's clock is ${formatDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}`);
  return [...lines, ...problems.map((problem) => `note: ${problem}`)];
}

const CLOCK_TOLERANCE_MS = 5 * SECOND;
const count = (value: number): string => value.toLocaleString('en-US');

/** `core: 4,999 of 5,000 requests left per 1h, whole again in 47m`. */
function describeQuota({ policy, unit, limit, used, remaining, windowMs, resetInMs }: QuotaReading): string {
  const of = limit === undefined ? '' : count(limit);
  const said =
    remaining !== undefined
      ? `${count(remaining)}${of === '' ? '' : ` of ${of}`} ${unit} left`
      : used === undefined
        ? `${of === '' ? 'no count of' : of} ${unit}`
        : `${count(used)}${of === '' ? '' : ` of ${of}`} ${unit} used`;
  const per = windowMs === undefined ? '' : ` per ${formatDuration(windowMs)}`;
  return `  ${policy}: ${said}${per}${resetInMs === undefined ? '' : `, reset in ${formatDuration(resetInMs)}`}`;
}
