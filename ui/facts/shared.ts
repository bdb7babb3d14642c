/** The same answer for all who ask within `ms`, and one reading for those who ask at once: many open pages cost no more than one. */
export function shared<T>(read: () => Promise<T>, ms: number): () => Promise<T> {
  let last: { readonly atMs: number; readonly answer: Promise<T> } | undefined;
  return () => {
    const nowMs = performance.now();
    if (last !== undefined && nowMs - last.atMs < ms) return last.answer;
    const answer = read();
    const asked = { atMs: nowMs, answer };
    last = asked;
    answer.catch(() => {
      if (last === asked) last = undefined;
    });
    return answer;
  };
}
