import type { PageRequest } from '../core/page.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { jobSteps } from '../definitions/templates-of.ts';
import { isSecretLike } from '../http/secret-like.ts';

/** Headers of a request that may tell it from others of its stream, such as one with a cursor: all that the definition does not fix. */
export function tellingHeaders(
  { partner, definition }: CompiledStream,
  { headers }: Pick<PageRequest, 'headers'>,
): Readonly<Record<string, string>> | undefined {
  const { source, job } = definition;
  // Code may send anything, also what nobody may see.
  if (source !== undefined) return undefined;
  const steps = job === undefined ? [] : jobSteps(job).map(([, step]) => step.headers);
  const fixed = [partner.headers, definition.headers, ...steps]
    .flatMap((all) => Object.entries(all ?? {}))
    .filter(([, value]) => !value.includes('{'))
    .map(([name]) => name.toLowerCase());
  const usual = new Set([
    'accept',
    'content-type',
    ...fixed,
    ...(job === undefined ? [] : [job.keyHeader.toLowerCase()]),
  ]);
  const telling = Object.entries(headers).filter(([name]) => !usual.has(name) && !isSecretLike(name));
  return telling.length === 0 ? undefined : Object.fromEntries(telling);
}
