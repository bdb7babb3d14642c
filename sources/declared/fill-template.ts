import { GiveUp } from '../../core/errors.ts';
import { Items, LEFT_OUT } from '../../definitions/map-texts.ts';
import type { Quoting } from '../../definitions/quotings.ts';
import {
  isPlaceholder,
  parseTemplate,
  type Placeholder,
  type Template,
  type TemplateKind,
} from '../../definitions/template.ts';
import { quote, type Quotable } from './quote.ts';
import type { Lookup } from './template-values.ts';

export interface Filling {
  readonly lookup: Lookup;
  /** Writes a value where it stands; the default is its text. */
  readonly write?: (value: Quotable, placeholder: Placeholder) => string;
  readonly kind?: TemplateKind;
}

/** A text with its placeholders filled. Throws GiveUp where one has no value and may not be left out. */
export function fillText(text: string, filling: Filling): string {
  const filled = fillPieces(parsed(text, filling.kind), filling, false);
  if (typeof filled === 'string') return filled;
  throw new GiveUp(
    `{${filled.missing}} has no value in this request; write {? … } around what is to be left out without it`,
  );
}

/**
 * The same for a whole value of a body, a query or a form: one that is only a placeholder keeps its type, and is left out where that has
 * no value. Of several parents it becomes as many items where it is one of a list (`Items`).
 */
export function fillValue(text: string, filling: Filling, inList: boolean): unknown {
  const template = parsed(text, filling.kind);
  const [piece, ...rest] = template;
  if (piece === undefined || typeof piece === 'string' || rest.length > 0) return fillText(text, filling);
  if (!isPlaceholder(piece)) {
    const filled = fillPieces(piece.optional, filling, true);
    return typeof filled === 'string' ? filled : LEFT_OUT;
  }
  const found = filling.lookup(piece);
  if (found === undefined) return LEFT_OUT;
  if (piece.quoting !== undefined || (found.values.length > 1 && !inList)) return fillText(text, filling);
  return found.values.length === 1 ? found.values[0] : new Items(found.values);
}

function parsed(text: string, kind: TemplateKind = 'text'): Template {
  const template = parseTemplate(text, kind);
  if (template === undefined) throw new GiveUp('a {? of a template is not closed');
  return template;
}

/** `optional`: what lacks a value is left out as a whole. */
function fillPieces(template: Template, filling: Filling, optional: boolean): string | { readonly missing: string } {
  let filled = '';
  for (const piece of template) {
    if (typeof piece === 'string') {
      filled += piece;
    } else if (isPlaceholder(piece)) {
      const text = fillPlaceholder(piece, filling) ?? (isNullable(piece) && !optional ? 'null' : undefined);
      if (text === undefined) return { missing: piece.name };
      filled += text;
    } else {
      const part = fillPieces(piece.optional, filling, true);
      if (typeof part === 'string') filled += part;
    }
  }
  return filled;
}

function fillPlaceholder(placeholder: Placeholder, { lookup, write = writePlain }: Filling): string | undefined {
  const found = lookup(placeholder);
  if (found === undefined) return undefined;
  const { values, separator, isTime } = found;
  return values.map((value) => write({ value, isTime }, placeholder)).join(separator);
}

const writePlain = (value: Quotable, { quoting }: Placeholder): string => quote(value, (quoting ?? 'raw') as Quoting);

/** Languages that have a word for "no value". */
const isNullable = ({ quoting }: Placeholder): boolean => quoting === 'json' || quoting === 'graphql';
