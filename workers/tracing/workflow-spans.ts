import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { makeWorkflowExporter } from '@temporalio/interceptors-opentelemetry';

/** As spans come out of the workflow sandbox, where the interceptors bring OpenTelemetry 1 along. */
interface OlderSpan extends ReadableSpan {
  readonly parentSpanId?: string;
  readonly instrumentationLibrary: ReadableSpan['instrumentationScope'];
}

/**
 * What the interceptors need to hand spans of workflows on. They write the names of OpenTelemetry 1, and an exporter of 2 would throw at them and end
 * the process: so each span gets the newer names as well.
 */
export function workflowSpans(processor: SpanProcessor, resource: Resource): Parameters<typeof makeWorkflowExporter> {
  const fitting = {
    onEnd: (span: OlderSpan) => {
      const { parentSpanId } = span;
      const parent =
        parentSpanId === undefined ? {} : { parentSpanContext: { ...span.spanContext(), spanId: parentSpanId } };
      processor.onEnd(Object.assign(span, { instrumentationScope: span.instrumentationLibrary, ...parent }));
    },
  };
  // The types of the two versions do not fit each other; what is used of them does.
  return [fitting, resource] as unknown as Parameters<typeof makeWorkflowExporter>;
}
