import type { ClientInterceptors } from '@temporalio/client';
import type { InjectedSinks, WorkerInterceptors } from '@temporalio/worker';
import type { OpenTelemetrySinks } from '@temporalio/interceptors-opentelemetry';
import type { Log } from '../../http/log.ts';
import { noSpans, type Spans } from '../../core/spans.ts';

/** How a process is traced: docs/tracing.md. */
export interface Tracing {
  readonly spans: Spans;
  readonly client?: ClientInterceptors;
  readonly worker?: WorkerInterceptors;
  readonly sinks?: InjectedSinks<OpenTelemetrySinks>;
  /** Sends what is there, not for long. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** How long to try to send a group of spans, with all attempts; by OTEL_EXPORTER_OTLP_TIMEOUT, or 10 s, if absent. A process cannot end meanwhile. */
  readonly sendMs?: number | undefined;
}

/** OpenTelemetry is loaded only where traces are wanted. */
export async function openTracing(wanted: boolean, log: Log, options: TracingOptions = {}): Promise<Tracing> {
  if (!wanted) return { spans: noSpans, close: () => Promise.resolve() };
  return (await import('./start-tracing.ts')).startTracing(log, options);
}
