import { DefaultLogger, type LogEntry, type LogLevel } from '@temporalio/worker';
import type { Logger } from 'pino';

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const satisfies Record<
  LogLevel,
  string
>;

/** Temporal's own lines through the same logger; the SDK's chatter counts as debug. */
export function temporalLogger(log: Logger): DefaultLogger {
  return new DefaultLogger(log.isLevelEnabled('debug') ? 'DEBUG' : 'WARN', (entry: LogEntry) => {
    const { error, ...meta } = entry.meta ?? {};
    const failure = error instanceof Error ? { error: error.message } : {};
    log[noise.test(entry.message) ? 'debug' : levels[entry.level]]({ ...pick(meta), ...failure }, entry.message);
  });
}

/** Said as a warning of every worker that is for activities only, as ours are for each partner. */
const noise = /^No workflows registered/;

const shown = ['workflowId', 'runId', 'workflowType', 'activityId', 'activityType', 'attempt', 'taskQueue'] as const;

/** Arguments and results never travel in log fields, whatever the SDK adds to its metadata. */
function pick(meta: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const traceId = meta['trace_id'];
  return {
    ...Object.fromEntries(shown.flatMap((name) => (meta[name] === undefined ? [] : [[name, meta[name]]]))),
    ...(traceId === undefined ? {} : { traceId }),
  };
}
