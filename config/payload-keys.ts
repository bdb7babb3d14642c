import { Buffer } from 'node:buffer';

export interface PayloadKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** `id:base64` of 32 bytes, several of them with commas or line ends between; undefined: it is not that. */
export function parsePayloadKeys(text: string): readonly PayloadKey[] | undefined {
  const keys: PayloadKey[] = [];
  for (const part of text.split(/[\s,]+/).filter((each) => each !== '')) {
    const [, id, encoded] = /^([\w.-]{1,64}):([A-Za-z0-9+/]{43}=)$/.exec(part) ?? [];
    if (id === undefined || encoded === undefined || keys.some((other) => other.id === id)) return undefined;
    keys.push({ id, key: Buffer.from(encoded, 'base64') });
  }
  return keys;
}
