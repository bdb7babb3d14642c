import { canonicalJson } from '../core/canonical.ts';
import { parseJson } from '../core/json.ts';

/** One JSON value, one text: some warehouses keep the text as it came, others order keys and write numbers anew. */
export const jsonText = (text: string): string => canonicalJson(parseJson(text));
