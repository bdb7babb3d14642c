import { serializeItem } from 'structured-headers';
import type { ApiVersion } from './api-version.ts';

/**
 * What every answer of a version says of its end: `Deprecation` (RFC 9745: a date of Structured Fields), `Sunset` (RFC 8594: an HTTP-date),
 * and links to the page of what to change. Empty while the version may be used.
 */
export function deprecationHeaders({ name, deprecation }: ApiVersion, base: string): Record<string, string> {
  if (deprecation === undefined) return {};
  const page = `${base}/docs/versions#${name}`;
  return {
    deprecation: serializeItem([new Date(deprecation.since), new Map()]),
    sunset: new Date(deprecation.sunset).toUTCString(),
    link: `<${page}>; rel="deprecation"; type="text/html", <${page}>; rel="sunset"; type="text/html"`,
  };
}
