import { InvalidInput } from '../core/errors.ts';

/** `workflows`, and `partner=<name>` or `partners` for all; none: everything. */
export function checkRoles(roles: readonly string[]): void {
  const wrong = roles.find((role) => !/^(workflows|partners|partner=[a-z][a-z0-9_]*)$/.test(role));
  if (wrong !== undefined)
    throw new InvalidInput(`role: expected workflows, partners or partner=<name>, found ${JSON.stringify(wrong)}`);
}

export const takes = (roles: readonly string[], role: string): boolean => roles.length === 0 || roles.includes(role);
