/** Timers fire up to this much late, and never early: the rest is spent turning the event loop. */
const TIMER_MS = 1.2;

/** Waking up takes the kernel so long at best. */
const SLACK_MS = 0.05;
const nobodyWakesIt = new Int32Array(new SharedArrayBuffer(4));

/**
 * Calls back at a moment of the monotonic clock, to some hundredths of a millisecond on an idle machine. Returns what takes it
 * back. `onWake` is told how late the timer was beyond what timers always are: how busy the machine is. `sleeps`: nothing
 * else is awaited here, so the process may stand still for the last millisecond; who turns the event loop instead has used up
 * its time on a busy machine just when it needs it. `yields`: others have work to do in this process, so it neither stands still
 * nor turns the event loop; the call may come a millisecond or two later for it, and never earlier.
 */
export function callAt(
  atMs: number,
  call: () => void,
  {
    onWake = () => {},
    sleeps = false,
    yields = false,
  }: { readonly onWake?: (lateMs: number) => void; readonly sleeps?: boolean; readonly yields?: boolean } = {},
): () => void {
  if (yields) return callByTimer(atMs, call, onWake);
  let spinning: NodeJS.Immediate | undefined;
  const spin = (): void => {
    const leftMs = atMs - performance.now();
    if (leftMs <= 0) return call();
    if (!sleeps) return void (spinning = setImmediate(spin));
    if (leftMs > SLACK_MS) Atomics.wait(nobodyWakesIt, 0, 0, leftMs - SLACK_MS);
    while (performance.now() < atMs);
    call();
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

/** A timer counts whole milliseconds, and may fire a part of one too soon. */
function callByTimer(atMs: number, call: () => void, onWake: (lateMs: number) => void): () => void {
  let timer: NodeJS.Timeout;
  const sleep = (): void => {
    timer = setTimeout(
      () => {
        const lateMs = performance.now() - atMs;
        if (lateMs < 0) return sleep();
        onWake(Math.max(0, lateMs - TIMER_MS));
        call();
      },
      Math.ceil(Math.max(0, atMs - performance.now())),
    );
  };
  sleep();
  return () => clearTimeout(timer);
}
