/** A text of a query, of the parameters of a path, or of a form; '' where there is none, or where it is no text. */
export function textIn(of: unknown, name: string): string {
  const value =
    typeof of === 'object' && of !== null && Object.hasOwn(of, name)
      ? (of as Readonly<Record<string, unknown>>)[name]
      : undefined;
  return typeof value === 'string' ? value : '';
}

/** The number of a page, from 1 on. */
export const pageIn = (query: unknown): number => Math.max(1, Math.floor(Number(textIn(query, 'page'))) || 1);

/** The number of what somebody has just done, as the address says after it; null: nothing. */
export const doneIn = (query: unknown): number | null =>
  /^\d{1,15}$/.test(textIn(query, 'done')) ? Number(textIn(query, 'done')) : null;
