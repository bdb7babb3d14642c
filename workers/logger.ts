import { pino, type Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { activeTraceId } from './tracing/active-trace.ts';
import { visibleJson } from '../core/visible.ts';

/** Structured lines on stderr: ids, numbers and messages; no header, no body, no record (http/redact.ts, core/errors.ts). */
export function createLogger(level: Config['logLevel']): Logger {
  const destination = pino.destination({ dest: 2, sync: false });
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, mixin: traceOf },
    // JSON escapes less than a terminal obeys, and the words of an error may be a partner's.
    { write: (line) => void destination.write(visibleJson(line)) },
  );
}

/** Which trace a line belongs to, where there is one. */
function traceOf(): { readonly traceId?: string } {
  const traceId = activeTraceId();
  return traceId === undefined ? {} : { traceId };
}
