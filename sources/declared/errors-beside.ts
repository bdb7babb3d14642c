import { fieldAt } from './paginate/read-fields.ts';
import { saysNone } from './paginate/says-none.ts';

/**
 * Many APIs answer 200 with what could be read, and say beside it what could not (GraphQL specification §7.1). In words; undefined:
 * nothing is said at any of the paths. Never what is said: that may quote a record.
 */
export function errorsBeside(body: unknown, paths: readonly string[], records: string): string | undefined {
  // A list of errors may be what the stream reads.
  const path = paths.find(
    (each) => each !== records && !records.startsWith(`${each}.`) && !saysNone(fieldAt(body, each)),
  );
  if (path === undefined) return undefined;
  const said = fieldAt(body, path);
  const count = Array.isArray(said) && said.length > 1 ? `${said.length} of them` : 'something';
  return `the answer has ${count} at "${path}" beside its records: what that stands for did not come`;
}
