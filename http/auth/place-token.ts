import type { PageRequest } from '../../core/page.ts';
import type { UseOfToken } from '../../definitions/auth.ts';
import { withHeader } from './with-header.ts';

/** Puts a token where the partner wants it. `otherwise` names it where the definition does not. */
export function placeToken(
  request: PageRequest,
  token: string,
  { use, otherwise }: { readonly use: UseOfToken; readonly otherwise: string },
): PageRequest {
  const name = use.name ?? otherwise;
  const { prefix = use.in === 'header' && name.toLowerCase() === 'authorization' ? 'Bearer ' : '' } = use;
  const value = `${prefix}${token}`;
  if (use.in === 'header') return withHeader(request, name, value);
  if (use.in === 'query') return withQuery(request, name, value);
  const { cookie } = request.headers;
  return withHeader(request, 'cookie', `${cookie === undefined ? '' : `${cookie}; `}${name}=${value}`);
}

export function withQuery(request: PageRequest, name: string, value: string): PageRequest {
  const url = new URL(request.url);
  url.searchParams.set(name, value);
  return { ...request, url: url.href };
}
