/** What a text that is no JSON looks like, for the person who writes the definition; undefined: nothing that can be read. */
export function guessFormat(text: string, contentType: string): 'ndjson' | 'csv' | 'xml' | undefined {
  if (looksLikeHtml(text) || /^text\/html/i.test(contentType)) return undefined;
  if (/xml/i.test(contentType) || /^\s*<[?\w]/.test(text)) return 'xml';
  if (/csv|tab-separated/i.test(contentType)) return 'csv';
  if (/ndjson|jsonl|json-?lines|json-seq/i.test(contentType) || isJson(firstLine(text))) return 'ndjson';
  const [header, row] = text.split('\n', 2);
  const commas = count(header);
  return commas > 0 && !/[{}[\]<>]/.test(header as string) && count(row) === commas ? 'csv' : undefined;
}

export const looksLikeHtml = (text: string): boolean => /^\s*(<!doctype html|<html)[\s>]/i.test(text.slice(0, 1000));

const firstLine = (text: string): string => text.trimStart().split('\n', 1)[0] as string;

const count = (line = ''): number => line.split(/[,;\t|]/).length - 1;

function isJson(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
