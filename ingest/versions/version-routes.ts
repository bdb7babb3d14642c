import type { FastifyInstance } from 'fastify';
import { Refusal } from '../problem.ts';
import type { ApiVersion } from './api-version.ts';
import { deprecationHeaders } from './deprecation-headers.ts';

/** Serves each version by the same routes; what is deprecated says so on every answer. */
export async function versionRoutes(
  app: FastifyInstance,
  { versions, base }: { readonly versions: readonly ApiVersion[]; readonly base: () => string },
  routes: (app: FastifyInstance, version: ApiVersion) => void,
): Promise<void> {
  for (const version of versions)
    await app.register((scope, _, done) => {
      scope.addHook('onRequest', (_, reply, next) => {
        void reply.headers(deprecationHeaders(version, base()));
        next();
      });
      if (version.deprecation?.ended === true) endedRoutes(scope, version);
      else routes(scope, version);
      done();
    });
}

function endedRoutes(app: FastifyInstance, { name }: ApiVersion): void {
  app.route({
    url: `/${name}/*`,
    method: app.supportedMethods,
    onRequest: () => {
      throw new Refusal('version_ended', {
        detail: `${name} of this API has ended; the link of rel="sunset" says what to change`,
      });
    },
    handler: () => {},
  });
}
