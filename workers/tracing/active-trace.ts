import { isSpanContextValid, trace } from '@opentelemetry/api';

/** Of what is under way where it is called; undefined: nothing is traced. */
export function activeTraceId(): string | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  return context !== undefined && isSpanContextValid(context) ? context.traceId : undefined;
}
