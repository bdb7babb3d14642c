import type { Limits } from '../../definitions/definition.ts';
import type { Bucket } from './bucket.ts';

export interface Call {
  readonly method: string;
  /** What follows the partner's base URL, without the query. */
  readonly path: string;
}

/** Units that a request takes of each bucket, in their order; `cost` is what one of its kind is assumed to cost. */
export function chargesOf(
  call: Call,
  buckets: readonly Bucket[],
  given: { weights: Limits['weights']; cost: number },
): number[] {
  return buckets.map(({ name, kind, counts }) => {
    if (kind === 'concurrency') return 1;
    if (counts === 'cost') return given.cost;
    return given.weights.find((weight) => (weight.of?.includes(name) ?? true) && fits(weight, call))?.weight ?? 1;
  });
}

function fits({ method, path }: Limits['weights'][number], call: Call): boolean {
  if (method !== undefined && method !== call.method) return false;
  return path.includes('*') ? glob(path).test(call.path) : call.path.startsWith(path);
}

const globs = new Map<string, RegExp>();

/** A star is anything but a slash, and the whole path must fit. */
function glob(path: string): RegExp {
  const known = globs.get(path);
  if (known !== undefined) return known;
  const made = new RegExp(`^${path.split('*').map(escape).join('[^/]*')}$`);
  globs.set(path, made);
  return made;
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** The path below the partner's base URL. */
export function callOf(request: { readonly method: string; readonly url: string }, baseUrl: string): Call {
  const base = new URL(baseUrl).pathname.replace(/\/$/, '');
  const { pathname } = new URL(request.url);
  return { method: request.method, path: pathname.startsWith(base) ? pathname.slice(base.length) : pathname };
}

/** Requests that are likely to cost the same. */
export const endpointOf = ({ method, path }: Call): string => `${method} ${path.replaceAll(/\d+/g, '0')}`;

export const kindOf = ({
  call,
  cost,
}: {
  readonly call: Call;
  readonly cost: number;
}): { kind: string; charged: number } => ({
  kind: endpointOf(call),
  charged: cost,
});
