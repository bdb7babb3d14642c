import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { z } from 'zod';

const { Payload: wire } = proto.temporal.api.common.v1;

/** Both alphabets and any padding: protobuf's JSON takes all of them. */
const base64 = z
  .string()
  .regex(/^[\w+/-]*={0,2}$/, 'base64')
  .transform((text) => text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, ''));

const body = z.looseObject(
  {
    payloads: z
      .array(
        z.looseObject(
          { metadata: z.record(z.string(), base64, 'an object').nullish(), data: base64.nullish() },
          'an object',
        ),
        'a list',
      )
      .nullish(),
  },
  'an object',
);

/** Of temporal.api.common.v1.Payloads in protobuf's JSON; `problem` says what is wrong without quoting it. */
export function parsePayloads(text: string): { readonly payloads: readonly Payload[] } | { readonly problem: string } {
  const example = 'expected {"payloads": [{"metadata": {"encoding": BASE64}, "data": BASE64}]}';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: `${example}, found no JSON` };
  }
  const parsed = body.safeParse(value);
  if (!parsed.success)
    return {
      problem: parsed.error.issues
        .map(({ path, message }) => `${path.join('.') || 'the body'}: expected ${message}; ${example}`)
        .join('\n'),
    };
  return { payloads: (parsed.data.payloads ?? []).map((payload) => wire.fromObject(payload)) };
}

export const printPayloads = (payloads: readonly Payload[]): object => ({
  payloads: payloads.map((payload) => wire.toObject(wire.create(payload), { bytes: String, longs: String })),
});
