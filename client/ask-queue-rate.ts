import protobuf from 'protobufjs/minimal.js';
import type { QueueRate } from '../core/queue-rate.ts';
import type { UnaryCalls } from './unary-call.ts';

/** TASK_QUEUE_TYPE_ACTIVITY */
const ACTIVITY = 2;

/**
 * What readQueueRate says of a partner's queue, without Temporal's client. Fields by their numbers:
 * https://github.com/temporalio/api/blob/master/temporal/api/workflowservice/v1/request_response.proto (DescribeTaskQueue…).
 */
export async function askQueueRate(
  calls: UnaryCalls,
  { namespace, taskQueue }: { readonly namespace: string; readonly taskQueue: string },
): Promise<QueueRate> {
  const request = protobuf.Writer.create();
  request.uint32(tag(1, BYTES)).string(namespace);
  request.uint32(tag(2, BYTES)).fork().uint32(tag(1, BYTES)).string(taskQueue).ldelim();
  request.uint32(tag(3, VARINT)).int32(ACTIVITY);
  // report_config
  request.uint32(tag(11, VARINT)).bool(true);
  const answer = await calls.call('DescribeTaskQueue', request.finish());
  // .config.queue_rate_limit
  const limit = inner(inner(answer, 6), 1);
  const rateLimit = inner(limit, 1);
  if (rateLimit === undefined) return { rate: undefined, reason: undefined };
  const reason = inner(inner(limit, 2), 1);
  return { rate: float(rateLimit, 1), reason: reason === undefined ? '' : Buffer.from(reason).toString() };
}

/** https://protobuf.dev/programming-guides/encoding/#structure */
const VARINT = 0;
const BYTES = 2;
const FLOAT = 5;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

/** The last field of that number, which is a message or a text; undefined: there is none. */
function inner(message: Uint8Array | undefined, field: number): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  if (message !== undefined)
    eachField(message, (reader, at) => at === tag(field, BYTES) && ((found = reader.bytes()), true));
  return found;
}

/** Protobuf leaves a zero out. */
function float(message: Uint8Array, field: number): number {
  let found = 0;
  eachField(message, (reader, at) => at === tag(field, FLOAT) && ((found = reader.float()), true));
  return found;
}

/** `read` takes a field and says true, or leaves it. */
function eachField(message: Uint8Array, read: (reader: protobuf.Reader, at: number) => boolean): void {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const at = reader.uint32();
    if (!read(reader, at)) reader.skipType(at & 7);
  }
}
