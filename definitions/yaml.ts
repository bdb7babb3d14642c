import {
  LineCounter,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  parseDocument,
  visit,
  type Document,
  type ErrorCode,
} from 'yaml';
import type { Locate, Path } from './problem.ts';

export interface ReadYaml {
  readonly value: unknown;
  /** Where a key (or an item of a list) starts; for a path that is not there, the nearest part that is. */
  readonly locate: Locate;
  /** What keeps the text from being YAML: `value` is then undefined. */
  readonly errors: readonly { readonly line: number; readonly col: number; readonly says: string }[];
}

export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  // prettyErrors would quote the source, and the source may hold secrets.
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, stringKeys: true, merge: true });
  const errors = [
    ...[...document.errors, ...document.warnings].map((error) => ({ offset: error.pos[0], says: inWords(error.code) })),
    ...aliasErrors(document),
  ].map(({ offset, says }) => ({ ...lines.linePos(offset), says }));
  return {
    value: errors.length > 0 ? undefined : document.toJS({ maxAliasCount: -1 }),
    locate: (path) => lines.linePos(offsetOf(document, path)),
    errors,
  };
}

function offsetOf(document: Document, path: Path): number {
  let at: unknown = document.contents;
  let offset = isNode(at) ? (at.range?.[0] ?? 0) : 0;
  for (const step of path) {
    if (isAlias(at)) at = at.resolve(document);
    if (!isCollection(at)) break;
    const item: unknown = isMap(at)
      ? at.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(step))
      : at.items[Number(step)];
    if (item === undefined) break;
    const start = isPair(item) ? item.key : item;
    if (isNode(start)) offset = start.range?.[0] ?? offset;
    at = isPair(item) ? item.value : item;
  }
  return offset;
}

function aliasErrors(document: Document): { offset: number; says: string }[] {
  const found: { offset: number; says: string }[] = [];
  visit(document, {
    Alias: (_key, alias, ancestors) => {
      const target = alias.resolve(document);
      const offset = alias.range?.[0] ?? 0;
      if (target === undefined)
        found.push({
          offset,
          says: 'not valid YAML: a value that starts with * refers to an anchor that is not there; put the value in quotes',
        });
      else if (ancestors.includes(target))
        found.push({ offset, says: 'not valid YAML: an alias (*) inside the very thing that it refers to' });
    },
  });
  return found;
}

/** Our own words: some of the library's messages repeat a piece of the text. */
const words: Partial<Record<ErrorCode, string>> = {
  BAD_DQ_ESCAPE: 'an unknown escape in "double quotes"; use \'single quotes\', which know none',
  BAD_INDENT: 'wrong indentation',
  BAD_SCALAR_START: 'a value cannot start with this character (@ or `); put the value in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'two keys on one line, or a value with ": " in it; put the value in quotes',
  DUPLICATE_KEY: 'this key is there twice; keep one',
  MISSING_CHAR: 'something is not closed: a quote, a bracket, or the colon after a key',
  MULTILINE_IMPLICIT_KEY: 'a key runs over more than one line; a colon is missing, or a quote is not closed',
  MULTIPLE_DOCS: 'more than one document (---) in the file; one file holds one definition',
  NON_STRING_KEY: 'a key that is not text',
  TAB_AS_INDENT: 'a tab at the start of a line; indent with spaces',
  TAG_RESOLVE_FAILED: 'a value that starts with ! is a tag, and there is none of this name; put the value in quotes',
  UNEXPECTED_TOKEN: 'this was not expected here; check the quotes, colons and indentation before it',
};

const inWords = (code: ErrorCode): string => `not valid YAML: ${words[code] ?? 'check the quotes and the indentation'}`;
