/** Timers fire up to this much late, and never early: the rest is spent turning the event loop. */
const TIMER_MS = 1.2;

/**
 * Calls back at a moment of the monotonic clock, to some hundredths of a millisecond on an idle machine. Returns what takes it
 * back. `onWake` is told how late the timer was beyond what timers always are: how busy the machine is.
 */
export function callAt(atMs: number, call: () => void, onWake: (lateMs: number) => void = () => {}): () => void {
  let spinning: NodeJS.Immediate | undefined;
  const spin = (): void => {
    if (performance.now() >= atMs) call();
    else spinning = setImmediate(spin);
  };
  const leftMs = atMs - performance.now();
  const wakeMs = atMs - TIMER_MS;
  const timer = setTimeout(
    () => {
      onWake(Math.max(0, performance.now() - wakeMs - TIMER_MS));
      spin();
    },
    Math.max(0, leftMs - TIMER_MS),
  );
  if (leftMs <= TIMER_MS) {
    clearTimeout(timer);
    spin();
  }
  return () => {
    clearTimeout(timer);
    if (spinning !== undefined) clearImmediate(spinning);
  };
}
