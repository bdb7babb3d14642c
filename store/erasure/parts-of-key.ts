/** A key of several fields is a JSON array of their texts; all of them have to stand in a body. */
export function partsOfKey(key: string): readonly string[] {
  if (!key.startsWith('["')) return [key];
  try {
    const parts: unknown = JSON.parse(key);
    return Array.isArray(parts) ? parts.map(String) : [key];
  } catch {
    return [key];
  }
}
