import { createHmac } from 'node:crypto';
import { InvalidInput } from '../../core/errors.ts';
import { keyOf } from './key-of.ts';
import type { HeaderNames, Preset } from './preset.ts';
import { signedContent } from './signed-content.ts';
import { printTime } from './timestamp.ts';

export interface ToSign {
  readonly secret: string;
  readonly id: string;
  readonly url: string;
  readonly body: Buffer;
  readonly nowMs: number;
}

/** The headers that the sender itself would send: for `syncline webhooks test`. Throws InvalidInput for a public key. */
export function sign(preset: Preset, { secret, id, url, body, nowMs }: ToSign): Record<string, string> {
  const key = keyOf(secret, preset);
  if (key === undefined) throw new InvalidInput('expected a secret as the sender writes it; check the first valid one');
  if (key.kind === 'public')
    throw new InvalidInput('only the sender can sign with whsk_…; put a whsec_… before it in `secrets` to test with');
  const names = preset.headers[0] as HeaderNames;
  const timestamp = preset.timestamp === undefined ? undefined : printTime(nowMs, preset.timestamp);
  const content = signedContent(preset, {
    method: 'POST',
    url,
    body,
    id,
    ...(timestamp === undefined ? {} : { timestamp }),
  });
  const hmac = createHmac(preset.algorithm, key.key);
  for (const part of content ?? []) hmac.update(part);
  const signature = hmac.digest(preset.encoding);
  return {
    ...(preset.id !== undefined && 'header' in preset.id ? { [preset.id.header]: id } : {}),
    ...(names.id === undefined ? {} : { [names.id]: id }),
    ...(names.timestamp === undefined || timestamp === undefined ? {} : { [names.timestamp]: timestamp }),
    [names.signature]: inHeader(preset, signature, timestamp),
  };
}

function inHeader({ written }: Preset, signature: string, timestamp: string | undefined): string {
  switch (written.as) {
    case 'plain':
      return `${written.prefix}${signature}`;
    case 'list':
      return `v1,${signature}`;
    case 'pairs':
      return `${written.timestamp}=${timestamp},${written.signature}=${signature}`;
    default:
      return written satisfies never;
  }
}
