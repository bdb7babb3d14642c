import { isAscii } from 'node:buffer';
import { exactJson } from '../core/exact-numbers.ts';
import { parseJson, sliceElements } from '../core/json.ts';
import type { Received } from '../records/received.ts';
import { Refusal } from './problem.ts';

/** What a body may hold at most. */
export interface BodyLimits {
  /** Bytes, unpacked. */
  readonly bytes: number;
  readonly records: number;
  /** Levels of objects and arrays inside each other. */
  readonly depth: number;
}
export const usualBodyLimits: BodyLimits = { bytes: 8 * 1024 * 1024, records: 10_000, depth: 64 };

export type BodyKind = 'json' | 'ndjson';

/** The kind of a `Content-Type`; undefined: none that is taken. */
export function bodyKind(contentType: string | undefined): BodyKind | undefined {
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters
    .find((each) => each.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') return undefined;
  if (type === 'application/json' || /^application\/[\w.+-]+\+json$/.test(type)) return 'json';
  return type === 'application/x-ndjson' || type === 'application/ndjson' || type === 'application/jsonl'
    ? 'ndjson'
    : undefined;
}

/** The records of a body with their exact texts: one object, an array of them, or a line for each. Throws a Refusal. */
export function readRecords(body: Buffer, kind: BodyKind, limits: BodyLimits = usualBodyLimits): readonly Received[] {
  const text = textOf(body);
  const ascii = isAscii(body);
  if (nesting(body, kind) > limits.depth)
    throw new Refusal('too_large', {
      detail: `expected at most ${limits.depth} levels of objects and arrays inside each other, found more`,
    });
  const records = kind === 'ndjson' ? ofLines(text, ascii) : ofJson(text, ascii);
  if (records.length === 0) throw new Refusal('body_invalid', { detail: 'expected at least one record, found none' });
  if (records.length > limits.records)
    throw new Refusal('too_large', {
      detail: `expected at most ${limits.records} records, found ${records.length}; send them in several requests`,
    });
  return records;
}

const decoder = new TextDecoder('utf-8', { fatal: true });
function textOf(body: Buffer): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new Refusal('body_invalid', { detail: 'expected UTF-8, found bytes that are none' });
  }
}

function ofJson(text: string, ascii: boolean): readonly Received[] {
  const value = parsed(text, 'the body');
  if (!Array.isArray(value)) return [{ record: value, payload: text.trim(), ascii }];
  const texts = sliceElements(text, '', value) ?? value.map((each) => exactJson(each, each));
  return value.map((record, i): Received => ({ record, payload: texts[i] as string, ascii }));
}

function ofLines(text: string, ascii: boolean): readonly Received[] {
  return text.split('\n').flatMap((line, i): Received[] => {
    const payload = line.trim();
    return payload === '' ? [] : [{ record: parsed(payload, `line ${i + 1}`), payload, ascii }];
  });
}

/** What V8 says of a text quotes it: it is not passed on, but for the place. */
function parsed(text: string, where: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    throw new Refusal('body_invalid', {
      detail: `expected JSON in ${where}, found something else${at === undefined ? '' : ` at character ${Number(at) + 1}`}`,
    });
  }
}

const QUOTE = 34;
const BACKSLASH = 92;
const opens = (byte: number): boolean => byte === 0x7b || byte === 0x5b;
const closes = (byte: number): boolean => byte === 0x7d || byte === 0x5d;

/** How deep a JSON text goes, before anything walks down into it. An array of records at its top does not count. */
function nesting(body: Buffer, kind: BodyKind): number {
  let depth = 0;
  let most = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (opens(byte)) most = Math.max(most, (depth += 1));
    else if (closes(byte)) depth -= 1;
  }
  return kind === 'json' ? most - 1 : most;
}
