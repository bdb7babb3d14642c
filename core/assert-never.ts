/** Ends a switch: a new case that nobody handles fails to compile here. */
export function assertNever(value: never): never {
  throw new TypeError(`unhandled case of type ${typeof value}`);
}
