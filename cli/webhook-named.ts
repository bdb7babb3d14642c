import { InvalidInput } from '../core/errors.ts';
import { closest } from '../definitions/closest.ts';
import type { CompiledWebhook } from '../definitions/compile-webhooks.ts';

/** A webhook of a partner; throws where the definition has none of that name. */
export function webhookNamed(
  webhooks: ReadonlyMap<string, CompiledWebhook>,
  { partner, webhook: name }: { readonly partner: string; readonly webhook: string },
): CompiledWebhook {
  const found = webhooks.get(name);
  if (found !== undefined) return found;
  const names = [...webhooks.keys()];
  const near = closest(name, names);
  const cure =
    near !== undefined ? `did you mean "${near}"?` : names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  throw new InvalidInput(`partner ${partner} has no webhook ${JSON.stringify(name)}; ${cure}`);
}
