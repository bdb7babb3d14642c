import type { XmlFormat } from '../../definitions/formats.ts';
import type { Pseudonyms, Spellings } from '../../recordings/pseudonyms.ts';
import { changeXml, XmlRefused, type XmlValue } from '../../recordings/xml-values.ts';

export interface XmlReplacing {
  /** undefined: only secrets are replaced. */
  readonly replacing: Pseudonyms | undefined;
  /** Without what requests carry and nobody may see. */
  readonly hideSecrets: (text: string) => string;
  /** JSON that stands in an element, as some partners have it. */
  readonly replaceJson: (json: string) => string;
  readonly format: Pick<XmlFormat, 'attributes' | 'nulls'>;
}

/**
 * XML with personal data replaced, by the names of elements and attributes and by what their values look like. Comments and processing instructions,
 * which nobody reads, lose all their letters and digits. @throws {XmlRefused} it cannot be read as a whole, or has a secret elsewhere.
 */
export function replacedXml(text: string, how: XmlReplacing): string {
  const made = changeXml(text, (value) => replacedValue(value, how));
  if (how.hideSecrets(made) !== made) throw new XmlRefused('a secret where no value is', 1);
  return made;
}

function replacedValue({ kind, path, value }: XmlValue, how: XmlReplacing): string {
  const { replacing, hideSecrets, format } = how;
  const shown = hideSecrets(value);
  if (replacing === undefined) return shown;
  if (kind === 'comment' || kind === 'instruction') return replacing.blot(value);
  // Space around a text says nothing of it.
  const [, before = '', inner = '', after = ''] = /^(\s*)(.*?)(\s*)$/s.exec(shown) ?? [];
  if (inner === '' || format.nulls.includes(shown)) return shown;
  const isMarkup = kind === 'attribute' && structural.test(path.at(-1) ?? '');
  const names = isMarkup ? [] : spelled(path, kind === 'attribute' ? format.attributes : undefined);
  const within = replacing.covers(names) ? undefined : replacedWithin(inner, how);
  return before + (within ?? replacing.replaceAt(names, inner)) + after;
}

/** What XML itself means by them stays; XML Namespaces §3, XML Schema §3.2.7. */
const structural = /^(xmlns$|xmlns:|xml:|xsi:)/;

/** undefined: the text is neither XML nor JSON. */
function replacedWithin(text: string, how: XmlReplacing): string | undefined {
  if (text.startsWith('<'))
    try {
      return replacedXml(text, how);
    } catch (error) {
      // HTML is a text as any other. A document of XML is none, and this one is not understood.
      if (!(error instanceof XmlRefused) || text.startsWith('<?xml')) throw error;
    }
  if (/^[[{]/.test(text))
    try {
      return how.replaceJson(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  return undefined;
}

function spelled(path: readonly string[], attributes: string | undefined): readonly Spellings[] {
  return path.map((name, i): Spellings => {
    const plain = name.slice(name.indexOf(':') + 1);
    return attributes !== undefined && i === path.length - 1
      ? [plain, name, attributes + name, attributes + plain]
      : [plain, name];
  });
}
