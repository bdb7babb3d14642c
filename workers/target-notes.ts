import type { TargetLag } from '../store/target-states.ts';

/** `target lake: loads of 2 streams fail; \`syncline targets list\` tells why`. No error itself: probes are asked by anybody. */
export function targetNotes(lags: readonly TargetLag[]): readonly string[] {
  const failing = lags.filter(({ error }) => error !== null);
  return [...new Set(failing.map(({ target }) => target))].map((target) => {
    const streams = failing.filter((lag) => lag.target === target).length;
    const which = streams === 1 ? 'loads of 1 stream fail' : `loads of ${streams} streams fail`;
    return `target ${target}: ${which}; \`syncline targets list\` tells why`;
  });
}
