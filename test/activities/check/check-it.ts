import { openCheck, type Check } from '../../../activities/check/check-stream.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { processLimiter } from '../../../limits/permits/process-limiter.ts';

export const NOW_MS = Date.parse('2026-11-24T03:00:00Z');

/** A check of one stream, with limits of this process alone. */
export const checkIt = (
  stream: CompiledStream,
  streams: ReadonlyMap<string, CompiledStream> = new Map([[stream.name, stream]]),
): ReturnType<Check> =>
  openCheck({ streams, nowMs: NOW_MS, permits: (partner) => ({ limiter: processLimiter(partner) }) })(stream);
