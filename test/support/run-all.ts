/**
 * Runs all cases, some at once, and hands out each result by its name: a retry takes Temporal about a second, in which
 * the other cases can go on. A case that fails does so where its result is asked for.
 */
export function runAll<C extends { readonly name: string }, R>(
  cases: readonly C[],
  run: (of: C) => Promise<R>,
  atOnce = 10,
): (name: string) => Promise<R> {
  const results = new Map<string, Promise<R>>();
  const slots = Array.from({ length: atOnce }, () => Promise.resolve());
  cases.forEach((each, i) => {
    if (results.has(each.name)) throw new Error(`two cases are called ${each.name}`);
    const result = (slots[i % atOnce] ?? Promise.resolve()).then(() => run(each));
    slots[i % atOnce] = result.then(
      () => {},
      () => {},
    );
    results.set(each.name, result);
  });
  return (name) => results.get(name) ?? Promise.reject(new Error(`there is no case ${name}`));
}
