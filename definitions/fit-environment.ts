import { valueAt } from '../core/json.ts';
import { pathKey, type Path } from './problem.ts';
import type { Located } from './shape.ts';

/**
 * The environment holds only texts: `rate: ${RATE}` becomes a number where a number is wanted. Undefined when nothing of
 * what is `wanted` can be had this way.
 */
export function fitEnvironment(root: unknown, wanted: readonly Located[], touched: ReadonlySet<string>): unknown {
  let fitted: unknown;
  for (const { issue, path } of wanted) {
    if (issue.code !== 'invalid_type' || !touched.has(pathKey(path))) continue;
    const value = converted(valueAt(root, path.map(String)), issue.expected);
    if (value !== undefined) fitted = withValue(fitted ?? root, path, value);
  }
  return fitted;
}

function converted(text: unknown, expected: string): number | boolean | undefined {
  if (typeof text !== 'string') return undefined;
  if (expected === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  return (expected === 'number' || expected === 'int') && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** A copy of `root` with another value at `path`, which exists. */
export function withValue(root: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const inner = withValue(valueAt(root, [String(step)]), rest, value);
  return Array.isArray(root) ? root.with(Number(step), inner) : { ...(root as object), [step]: inner };
}
