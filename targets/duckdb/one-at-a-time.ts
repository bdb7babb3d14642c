const last = new Map<string, Promise<unknown>>();

/** Work on the same thing in this process happens in the order in which it was asked for, one after the other. */
export async function oneAtATime<T>(thing: string, work: () => Promise<T>): Promise<T> {
  const before = last.get(thing) ?? Promise.resolve();
  const mine = before.then(work, work);
  last.set(thing, mine);
  try {
    return await mine;
  } finally {
    if (last.get(thing) === mine) last.delete(thing);
  }
}
