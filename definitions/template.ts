/**
 * Texts with placeholders, as path, query, headers and bodies may be: `{name[:format][|quoting]}`, and `{? … }` around what is left out
 * when a placeholder in it has no value. `{{` and `}}` are the braces themselves; so is a brace that begins no placeholder.
 */

export interface Placeholder {
  readonly name: string;
  readonly format: string | undefined;
  readonly quoting: string | undefined;
}

export interface OptionalPart {
  readonly optional: Template;
}

export type Piece = string | Placeholder | OptionalPart;
export type Template = readonly Piece[];

/**
 * What braces mean where the text stands. `text`: a word in braces is a placeholder. `path`: whatever is in braces is one. `graphql`:
 * braces belong to the language, so that only a placeholder with a quoting is one.
 */
export type TemplateKind = 'text' | 'path' | 'graphql';

export const isPlaceholder = (piece: Piece): piece is Placeholder => typeof piece === 'object' && 'name' in piece;

/** undefined: a `{?` is not closed. */
export function parseTemplate(text: string, kind: TemplateKind): Template | undefined {
  if (!text.includes('{') && !text.includes('}')) return [text];
  const read = readPieces({ text, kind }, 0, false);
  return read?.pieces;
}

/** All placeholders, with whether they stand in a part that may be left out. */
export function placeholdersIn(
  template: Template,
  optional = false,
): readonly (Placeholder & { readonly optional: boolean })[] {
  return template.flatMap((piece) => {
    if (typeof piece === 'string') return [];
    return isPlaceholder(piece) ? [{ ...piece, optional }] : placeholdersIn(piece.optional, true);
  });
}

const placeholder: Readonly<Record<TemplateKind, RegExp>> = {
  text: /\{(parent\.[^{}|:]+|[A-Za-z_][\w.-]*)(?::([^{}|]*))?(?:\|([^{}|]*))?\}/y,
  path: /\{([^{}|:]*)(?::([^{}|]*))?(?:\|([^{}|]*))?\}/y,
  graphql: /\{(parent\.[^{}|:]+|[A-Za-z_][\w.-]*)(?::([\w.-]*))?\|(\w*)\}/y,
};

interface Source {
  readonly text: string;
  readonly kind: TemplateKind;
}

/** `within`: an optional part, which ends at the brace that closes none of its own. */
function readPieces(
  { text, kind }: Source,
  from: number,
  within: boolean,
): { readonly pieces: Template; readonly end: number } | undefined {
  const pieces: Piece[] = [];
  // A `}}` after single ones, as JSON has them, closes two of them.
  const open: ('{' | '{{')[] = [];
  let literal = '';
  const add = (piece: Piece): void => {
    if (literal !== '') pieces.push(literal);
    literal = '';
    pieces.push(piece);
  };
  let at = from;
  while (at < text.length) {
    const char = text[at];
    const doubled = text[at + 1] === char;
    if (char === '}' && within && open.length === 0) {
      if (literal !== '') pieces.push(literal);
      return { pieces, end: at + 1 };
    }
    // `$${` of a definition comes as `${`, which stays what it is.
    if (char === '{' && !doubled && text[at - 1] !== '$') {
      if (text[at + 1] === '?') {
        const part = readPieces({ text, kind }, at + 2, true);
        if (part === undefined) return undefined;
        add({ optional: part.pieces });
        at = part.end;
        continue;
      }
      const found = matchAt(placeholder[kind], text, at);
      if (found !== undefined) {
        const [whole, name = '', format, quoting] = found;
        add({ name: name.trim(), format, quoting });
        at += whole.length;
        continue;
      }
    }
    const isPair = char === '{' ? doubled : char === '}' && doubled && open.at(-1) !== '{';
    if (char === '{') open.push(doubled ? '{{' : '{');
    else if (char === '}' && (isPair || open.at(-1) === '{')) open.pop();
    literal += char;
    at += isPair ? 2 : 1;
  }
  if (within) return undefined;
  if (literal !== '') pieces.push(literal);
  return { pieces, end: at };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
