import { keyParts } from '../core/key-text.ts';
import type { Source } from '../core/source.ts';
import type { Partner, StreamDefinition } from '../definitions/definition.ts';
import { buildRequest } from './declared/build-request.ts';
import { declaredSource } from './declared/declared-source.ts';

/** One record, by the fields that name it: their values are the only one of `position.parents`, as a key is written. */
export function oneSource(partner: Partner, stream: StreamDefinition, fields: readonly string[]): Source {
  const { prepare, read } = declaredSource(partner, stream);
  return {
    request: (position) => {
      const parts = keyParts(position.parents[0] as string, fields.length);
      const given = Object.fromEntries(fields.map((field, at) => [field, parts[at] as string]));
      return buildRequest({ partner, stream, position, given });
    },
    ...(prepare === undefined ? {} : { prepare }),
    read,
  };
}
