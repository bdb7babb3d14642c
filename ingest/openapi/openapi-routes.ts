import type { FastifyInstance } from 'fastify';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Admitted } from '../gate.ts';
import { admit, type PushDeps } from '../push-routes.ts';
import { onlyMethods } from '../server.ts';
import type { ApiVersion } from '../versions/api-version.ts';
import { apiDocument } from './document.ts';

export interface OpenapiDeps extends Pick<PushDeps, 'gate' | 'knock' | 'streams'> {
  readonly partners: () => Promise<readonly string[]>;
  readonly versions: readonly ApiVersion[];
  readonly base: () => string;
}

/** `GET /openapi.json`: without a key what everybody may know, with one also the streams of its caller. */
export function openapiRoutes(app: FastifyInstance, deps: OpenapiDeps): void {
  const { versions, base } = deps;
  const url = '/openapi.json';
  let general: string | undefined;
  app.get(url, async (request, reply) => {
    const caller = request.headers.authorization === undefined ? undefined : await admit(deps, request, reply);
    void reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('vary', 'authorization')
      .serializer(String);
    if (caller !== undefined)
      return text(apiDocument({ base: base(), versions, streams: await streamsOf(deps, caller) }));
    general ??= text(apiDocument({ base: base(), versions }));
    return general;
  });
  onlyMethods(app, url, ['GET', 'HEAD']);
}

const text = (document: unknown): string => `${JSON.stringify(document)}\n`;

async function streamsOf({ partners, streams }: OpenapiDeps, caller: Admitted): Promise<readonly CompiledStream[]> {
  // A definition that cannot be used now does not take the others out of the document.
  const of = await Promise.all((await partners()).map((name) => streams(name).catch(() => undefined)));
  return of
    .flatMap((each) => [...(each?.values() ?? [])])
    .filter(({ partner, name, definition }) => definition.push !== undefined && caller.mayPush(partner.name, name));
}
