import type { CallerLimits } from '../core/caller.ts';
import type { AuditEntry } from '../store/callers/audit.ts';
import type { ListedCaller } from '../store/callers/list-callers.ts';

export const minute = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`;

const number = (value: number): string => value.toLocaleString('en-US');

export const limitWords = ({ rate, burst, daily }: CallerLimits): string =>
  `${number(rate)}/s, burst ${number(burst)}, ${daily === null ? 'no quota' : `${number(daily)} a day`}`;

/** `active`, `blocked until …`, `revoked …`. */
export function stateWords({ revokedAt, block }: ListedCaller): string {
  if (revokedAt !== null) return `revoked ${minute(revokedAt)}`;
  if (block === null) return 'active';
  return block.until === null ? 'blocked' : `blocked until ${minute(block.until)}`;
}

export function callerLines(
  caller: ListedCaller,
  changes: readonly (AuditEntry & { readonly at: string })[],
): readonly string[] {
  const { id, tier, scopes, addresses, certificate, limits, override, usedToday, keys, block } = caller;
  return [
    `${id} (${tier}): ${stateWords(caller)}`,
    ...(block === null ? [] : [`  blocked by ${block.by ?? 'Syncline'}: ${block.cause}`]),
    `  may push to ${scopes.join(', ')}`,
    ...(addresses === null ? [] : [`  from ${addresses.join(', ')}`]),
    ...(certificate === null ? [] : [`  with the certificate ${certificate}`]),
    `  ${limitWords(limits)}${override === null ? '' : `, until ${minute(override.until)}`}; ${number(usedToday)} used today`,
    ...keys.map(
      ({ keyId, createdAt, endsAt, usedAt }) =>
        `  key ${keyId} of ${minute(createdAt)}, ${usedAt === null ? 'never used' : `used ${minute(usedAt)}`}${endsAt === null ? '' : `, ends ${minute(endsAt)}`}`,
    ),
    ...changes.map(({ at, action, by, reason }) => `  ${minute(at)} ${action} by ${by ?? 'Syncline'}: ${reason}`),
  ];
}
