import type { PageRequest } from '../../core/page.ts';
import type { UseOfToken } from '../../definitions/auth.ts';
import { withHeader } from './with-header.ts';

/** Puts a token where the partner wants it. `otherwise` names it where the definition does not. */
export function placeToken(
  request: PageRequest,
  token: string,
  { use, otherwise }: { readonly use: UseOfToken; readonly otherwise: string },
): PageRequest {
  const { name, prefix } = placeOf(use, otherwise);
  const value = `${prefix}${token}`;
  if (use.in === 'header') return withHeader(request, name, value);
  if (use.in === 'query') return withQuery(request, name, value);
  const { cookie } = request.headers;
  return withHeader(request, 'cookie', `${cookie === undefined ? '' : `${cookie}; `}${name}=${value}`);
}

function placeOf(use: UseOfToken, otherwise: string): { readonly name: string; readonly prefix: string } {
  const name = use.name ?? otherwise;
  const { prefix = use.in === 'header' && name.toLowerCase() === 'authorization' ? 'Bearer ' : '' } = use;
  return { name, prefix };
}

/** `in the header Authorization behind "Bearer "`. */
export function describePlace(use: UseOfToken, otherwise: string): string {
  const { name, prefix } = placeOf(use, otherwise);
  const what = use.in === 'query' ? 'parameter' : use.in;
  return `in the ${what} ${name}${prefix === '' ? '' : ` behind ${JSON.stringify(prefix)}`}`;
}

export function withQuery(request: PageRequest, name: string, value: string): PageRequest {
  const url = new URL(request.url);
  url.searchParams.set(name, value);
  return { ...request, url: url.href };
}
