import { context, propagation, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { explain } from '../../core/errors.ts';
import type { SpanOf, Spans } from '../../core/spans.ts';

const kinds = { inside: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const satisfies Record<
  NonNullable<SpanOf['kind']>,
  SpanKind
>;

/** The same with OpenTelemetry. */
export const otelSpans = (tracer: Tracer): Spans => ({
  within: ({ name, kind = 'inside', facts = {}, traceparent }, work) => {
    const parent =
      traceparent === undefined ? context.active() : propagation.extract(context.active(), { traceparent });
    return tracer.startActiveSpan(name, { kind: kinds[kind], attributes: { ...facts } }, parent, async (span) => {
      try {
        return await work({ note: (more) => void span.setAttributes({ ...more }) });
      } catch (error) {
        // Our own words, which hold no secret and no value of a record; not the stack.
        span.setStatus({ code: SpanStatusCode.ERROR, message: explain(error) });
        throw error;
      } finally {
        span.end();
      }
    });
  },
  traceparent: () => {
    if (trace.getActiveSpan() === undefined) return undefined;
    const carrier: { traceparent?: string } = {};
    propagation.inject(context.active(), carrier);
    return carrier.traceparent;
  },
});
