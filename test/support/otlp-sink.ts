import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as a collector gets it. */
export interface SentSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** '': it has none. */
  readonly parentId: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export interface OtlpSink {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  spans(): readonly SentSpan[];
  /** All that came, as text: whoever looks for something in it need not know where it may be. */
  text(): string;
  close(): Promise<void>;
}

/** A collector of traces: OTLP over HTTP, as protobuf (opentelemetry-proto, collector/trace/v1). */
export async function startOtlpSink(): Promise<OtlpSink> {
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      if (request.url === '/v1/traces') bodies.push(Buffer.concat(chunks));
      response.writeHead(request.url === '/v1/traces' ? 200 : 404).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => bodies.flatMap(spansIn),
    text: () => bodies.map((body) => body.toString('utf8')).join('\n'),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Numbers of the fields of ExportTraceServiceRequest, ResourceSpans, Resource, ScopeSpans, Span, KeyValue and AnyValue. */
function spansIn(body: Buffer): SentSpan[] {
  return parts(body, 1).flatMap((resourceSpans) => {
    const resource = factsIn(parts(resourceSpans, 1)[0] ?? Buffer.alloc(0), 1);
    return parts(resourceSpans, 2).flatMap((scopeSpans) =>
      parts(scopeSpans, 2).map((span) => ({
        service: String(resource['service.name']),
        name: textAt(span, 5),
        traceId: (parts(span, 1)[0] ?? Buffer.alloc(0)).toString('hex'),
        spanId: (parts(span, 2)[0] ?? Buffer.alloc(0)).toString('hex'),
        parentId: (parts(span, 4)[0] ?? Buffer.alloc(0)).toString('hex'),
        facts: factsIn(span, 9),
      })),
    );
  });
}

function factsIn(message: Buffer, field: number): SentSpan['facts'] {
  return Object.fromEntries(
    parts(message, field).map((pair) => {
      const value = parts(pair, 2)[0] ?? Buffer.alloc(0);
      const [text] = parts(value, 1);
      const [number] = numbers(value, 3);
      return [textAt(pair, 1), text === undefined ? (number ?? 0) : text.toString('utf8')];
    }),
  );
}

const textAt = (message: Buffer, field: number): string =>
  (parts(message, field)[0] ?? Buffer.alloc(0)).toString('utf8');
const parts = (message: Buffer, field: number): Buffer[] =>
  fieldsIn(message).flatMap((each) => (each.field === field && Buffer.isBuffer(each.value) ? [each.value] : []));
const numbers = (message: Buffer, field: number): number[] =>
  fieldsIn(message).flatMap((each) => (each.field === field && typeof each.value === 'number' ? [each.value] : []));

/** The wire format of protobuf (https://protobuf.dev/programming-guides/encoding/). */
function fieldsIn(message: Buffer): { readonly field: number; readonly value: number | Buffer }[] {
  const found: { field: number; value: number | Buffer }[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) found.push({ field, value: varint() });
    else {
      const length = type === 2 ? varint() : type === 1 ? 8 : 4;
      found.push({ field, value: message.subarray(at, at + length) });
      at += length;
    }
  }
  return found;
}
