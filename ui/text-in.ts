/** A text of a query, of the parameters of a path, or of a form; '' where there is none, or where it is no text. */
export function textIn(of: unknown, name: string): string {
  const value =
    typeof of === 'object' && of !== null && Object.hasOwn(of, name)
      ? (of as Readonly<Record<string, unknown>>)[name]
      : undefined;
  return typeof value === 'string' ? value : '';
}
