import Link from 'http-link-header';

/** A URL, a quoted text, or a parameter without a value: what stands within the first two is left alone. */
const pieces = /<[^>]*>|"(?:[^"\\]|\\.)*"|;\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*(?=[;,]|$)/g;

/**
 * The links of a `Link` header. RFC 8288 §3 allows parameters without a value (`crossorigin`), which the parser does not
 * know: it would take the link behind such a one for the value. Throws what the parser throws.
 */
export function readLinks(header: string): Link {
  return Link.parse(header.replace(pieces, (piece, name?: string) => (name === undefined ? piece : `; ${name}=""`)));
}
