import { context, diag, DiagLogLevel, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry';
import { MINUTE, SECOND } from '../../core/duration.ts';
import { VERSION } from '../../core/release.ts';
import type { Log } from '../../http/log.ts';
import { otelSpans } from './otel-spans.ts';
import type { Tracing, TracingOptions } from './tracing.ts';
import { workflowSpans } from './workflow-spans.ts';

/**
 * Traces of this process, sent by OTLP over HTTP. Where to, how often and under which name, OpenTelemetry's own libraries read from the
 * OTEL_* variables; `config.traces` says only whether.
 */
export function startTracing(log: Log, { sendMs }: TracingOptions = {}): Tracing {
  tellTroubles(log);
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'syncline', 'service.version': VERSION }))
    .merge(detectResources({ detectors: [envDetector] }));
  const processor = new BatchSpanProcessor(
    new OTLPTraceExporter(sendMs === undefined ? {} : { timeoutMillis: sendMs }),
  );
  const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] });
  provider.register();
  const tracer = trace.getTracer('syncline', VERSION);
  return {
    spans: otelSpans(tracer),
    client: { workflow: [new OpenTelemetryWorkflowClientInterceptor({ tracer })] },
    worker: {
      // Of the client that activities have.
      client: { workflow: [new OpenTelemetryWorkflowClientInterceptor({ tracer })] },
      activity: [
        (activity) => ({
          inbound: new OpenTelemetryActivityInboundInterceptor(activity, { tracer }),
          outbound: new OpenTelemetryActivityOutboundInterceptor(activity),
        }),
      ],
    },
    sinks: { exporter: makeWorkflowExporter(...workflowSpans(processor, resource)) },
    close: async () => {
      const patience = new Promise<void>((resolve) => void setTimeout(resolve, PATIENCE_MS).unref());
      await Promise.race([provider.shutdown().catch(() => {}), patience]);
    },
  };
}

/** What is not sent by then is given up: a collector that is away holds up nobody's end. */
const PATIENCE_MS = 3 * SECOND;
const SAID_AGAIN_MS = 10 * MINUTE;

const quiet = (): void => {};

/** A collector that is away is said once, not with every attempt. */
function tellTroubles(log: Log): void {
  let saidAtMs = -Infinity;
  const say = (message: string): void => {
    if (performance.now() - saidAtMs < SAID_AGAIN_MS) return;
    saidAtMs = performance.now();
    // It belongs to no trace, though the export was begun in one.
    context.with(ROOT_CONTEXT, () => log.warn({ error: wordsOf(message) }, 'traces are not sent'));
  };
  diag.setLogger({ error: say, warn: say, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);
}

/** Errors come as JSON with their stacks. */
function wordsOf(text: string): string {
  const [, message = text] = /"message":"((?:[^"\\]|\\.)*)"/.exec(text) ?? [];
  return message.slice(0, 300);
}
