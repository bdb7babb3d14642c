/** `sync/acme/payments/2026-11-24/r2`, then `/r3`: the stream is read once more for the same run. */
export function nextReading(syncId: string): string {
  const [, base = syncId, number = '1'] = /^(.*)\/r(\d+)$/.exec(syncId) ?? [];
  return `${base}/r${Number(number) + 1}`;
}

/** `sync/acme/2026-11-24/retry:payments`: one stream of a run that has ended, once more. */
export const retryId = (runId: string, stream: string): string => `${runId}/retry:${stream}`;
