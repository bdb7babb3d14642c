import type { Path, Problem } from './problem.ts';
import type { PresetName, Webhook } from './webhooks.ts';

/** Secrets that could never open anything. None of them is repeated. */
export function checkWebhookSecrets({ preset, signature, secrets }: Webhook, path: Path): Problem[] {
  return secrets.flatMap(({ value, from, until }, at) => {
    const says = secretFault(value, preset, signature?.secretAs);
    return [
      ...(says === undefined ? [] : [{ path: [...path, at, 'value'], says }]),
      ...(from === undefined || until === undefined || Date.parse(from) < Date.parse(until)
        ? []
        : [
            { path: [...path, at, 'until'], says: 'expected a time after `from`; otherwise the secret is never valid' },
          ]),
    ];
  });
}

const standards: readonly (PresetName | undefined)[] = ['standard', 'svix'];

function secretFault(
  value: string,
  preset: PresetName | undefined,
  as: 'text' | 'base64' | 'hex' = 'text',
): string | undefined {
  if (value !== value.trim()) return 'expected a secret without spaces or line ends around it';
  if (standards.includes(preset)) {
    if (value.startsWith('whsk_'))
      return 'whsk_… is the private key, which only the sender should have; write its public one, whpk_…';
    const bytes = value.startsWith('whpk_')
      ? sizeOf(value.slice(5), 'base64')
      : sizeOf(value.replace(/^whsec_/, ''), 'base64');
    if (value.startsWith('whpk_')) return bytes === 32 ? undefined : 'expected whpk_ and 32 bytes in base64';
    return bytes === undefined || bytes === 0 ? 'expected whsec_ and the key in base64' : undefined;
  }
  if (as === 'text') return undefined;
  const bytes = sizeOf(value, as);
  return bytes === undefined || bytes === 0 ? `expected the key in ${as}, as \`secretAs\` says` : undefined;
}

/** undefined: it is not written so. */
function sizeOf(text: string, as: 'base64' | 'hex'): number | undefined {
  const right = as === 'hex' ? /^(?:[0-9a-f]{2})*$/i : /^[A-Za-z0-9+/]*={0,2}$/;
  return right.test(text) ? Buffer.from(text, as).length : undefined;
}
