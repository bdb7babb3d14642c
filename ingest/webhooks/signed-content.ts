import type { Preset } from './preset.ts';

export interface SignedParts {
  readonly signatures: readonly { readonly version: string; readonly text: string }[];
}

export interface ContentOf {
  readonly id?: string;
  /** As the header has it. */
  readonly timestamp?: string;
  readonly method: string;
  readonly url: string;
  readonly body: Buffer;
}

/** The bytes that are signed, in order; undefined where a part of them is not there. The body is never turned into a text. */
export function signedContent({ content, decoded }: Preset, of: ContentOf): readonly Buffer[] | undefined {
  const parts: Buffer[] = [];
  // Every other piece is the name of a placeholder.
  for (const [index, piece] of content.split(/\{(id|timestamp|method|url|body)\}/).entries()) {
    const value = index % 2 === 0 ? piece : part(piece as keyof ContentOf, of, decoded);
    if (value === undefined) return undefined;
    parts.push(typeof value === 'string' ? Buffer.from(value, 'utf8') : value);
  }
  return parts;
}

function part(name: keyof ContentOf, of: ContentOf, decoded: Preset['decoded'] = {}): string | Buffer | undefined {
  if (name !== 'url') return of[name];
  return of.url.replace(/%[0-9a-f]{2}/gi, (written) => decoded[written.toUpperCase()] ?? written);
}
