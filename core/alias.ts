/** A field that records may have under an older name. */
export interface Alias {
  readonly path: readonly string[];
  /** Older names, the newest first; they stand where the field stands. */
  readonly was: readonly string[];
}

/** Where a record may have a field: by its names of today first, and by older ones. */
export function pathsOf(path: readonly string[], aliases: readonly Alias[]): readonly (readonly string[])[] {
  let found: readonly (readonly string[])[] = [[]];
  for (const [at, step] of path.entries()) {
    const own = aliases.find((alias) => alias.path.length === at + 1 && isPrefix(alias.path, path));
    found = [step, ...(own?.was ?? [])].flatMap((name) => found.map((before) => [...before, name]));
  }
  return found;
}

const isPrefix = (prefix: readonly string[], path: readonly string[]): boolean =>
  prefix.every((step, at) => path[at] === step);
