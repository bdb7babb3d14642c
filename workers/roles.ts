import { InvalidInput } from '../core/errors.ts';

/** `workflows`; `partner=<name>`, or `partners` for all; `target=<name>`, or `targets` for all; none: everything. */
export function checkRoles(roles: readonly string[]): void {
  const wrong = roles.find((role) => !/^(workflows|partners|targets|(partner|target)=[a-z][a-z0-9_]*)$/.test(role));
  if (wrong !== undefined)
    throw new InvalidInput(
      `role: expected workflows, partners, partner=<name>, targets or target=<name>, found ${JSON.stringify(wrong)}`,
    );
}

export const takes = (roles: readonly string[], role: string): boolean => roles.length === 0 || roles.includes(role);
