import { LEFT_OUT, mapTexts } from '../../definitions/map-texts.ts';
import type { StreamDefinition } from '../../definitions/definition.ts';
import type { Parameters } from '../../definitions/request-shapes.ts';
import { fillValue } from './fill-template.ts';
import type { Lookup } from './template-values.ts';

type FilledParameter = readonly [name: string, texts: readonly string[]];

/** The names of a query or a form with all that each of them says, in order; what has no value is left out. */
export function filledParameters(
  parameters: Parameters,
  { lists, lookup }: { readonly lists: StreamDefinition['lists']; readonly lookup: Lookup },
): readonly FilledParameter[] {
  return Object.entries(parameters).flatMap(([name, given]): FilledParameter[] => {
    const filled = mapTexts(given, (text, path) => fillValue(text, { lookup }, path.length > 0));
    if (filled === LEFT_OUT) return [];
    if (!Array.isArray(filled)) return [[name, [String(filled)]]];
    const texts = filled.map(String);
    if (texts.length === 0) return [];
    if (lists === 'comma') return [[name, [texts.join(',')]]];
    return [[lists === 'brackets' ? `${name}[]` : name, texts]];
  });
}
