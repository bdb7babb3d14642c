import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { PayloadKey } from '../config/payload-keys.ts';
import { NeedsAttention } from '../core/errors.ts';

const { Payload: wire } = proto.temporal.api.common.v1;
const ENCODING = Buffer.from('binary/encrypted');
const NONCE = 12;
const TAG = 16;

const failureConverterPath = fileURLToPath(new URL('./sealed-failures.cjs', import.meta.url));

/** Inputs, results, signals, details and failures as Temporal keeps them: sealed, if there are keys. */
export const dataConverterOf = (keys: readonly PayloadKey[]): DataConverter =>
  keys.length === 0 ? {} : { payloadCodecs: [encrypting(keys)], failureConverterPath };

/**
 * AES-256-GCM. The first key seals, all of them open: a key is rotated by putting a new one in front. What was written
 * before there were keys stays readable.
 */
export function encrypting(keys: readonly PayloadKey[]): PayloadCodec {
  const [newest] = keys;
  if (newest === undefined) throw new NeedsAttention('there is no key to encrypt payloads with');
  const byId = new Map(keys.map((key) => [key.id, key]));
  return {
    encode: async (payloads) => payloads.map((payload) => seal(payload, newest)),
    decode: async (payloads) =>
      payloads.map((payload) => {
        const { encoding, 'encryption-key-id': keyId } = payload.metadata ?? {};
        if (encoding === undefined || !ENCODING.equals(encoding)) return payload;
        const id = Buffer.from(keyId ?? '')
          .subarray(0, 64)
          .toString();
        const key = byId.get(id);
        if (key === undefined)
          throw new NeedsAttention(
            `a payload was encrypted with the key ${JSON.stringify(id)}, which SYNCLINE_PAYLOAD_KEYS lacks: add it behind the others`,
          );
        return open(payload, key);
      }),
  };
}

function seal(payload: Payload, { id, key }: PayloadKey): Payload {
  const nonce = randomBytes(NONCE);
  const keyId = Buffer.from(id);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(keyId);
  const text = Buffer.concat([cipher.update(wire.encode(payload).finish()), cipher.final()]);
  return {
    metadata: { encoding: ENCODING, 'encryption-key-id': keyId },
    data: Buffer.concat([nonce, cipher.getAuthTag(), text]),
  };
}

function open({ data }: Payload, { id, key }: PayloadKey): Payload {
  const sealed = Buffer.from(data ?? []);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE)).setAAD(Buffer.from(id));
    decipher.setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
    return wire.decode(Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]));
  } catch (cause) {
    throw new NeedsAttention(
      `a payload does not open with the key ${JSON.stringify(id)}: SYNCLINE_PAYLOAD_KEYS has another key under this id`,
      { cause },
    );
  }
}
