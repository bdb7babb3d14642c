import type { PageRequest } from '../../core/page.ts';

export function withHeader(request: PageRequest, name: string, value: string): PageRequest {
  return { ...request, headers: { ...request.headers, [name.toLowerCase()]: value } };
}
