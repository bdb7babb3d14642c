import type { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { isListed, plainAddress } from './address-list.ts';
import { clientAddress, type Proxies } from './client-address.ts';
import { passedCertificate } from './client-certificate.ts';
import type { Knock } from './gate.ts';

export interface BehindProxies extends Proxies {
  /** In which header they pass the client's certificate; undefined: in none. */
  readonly certificateHeader?: string | undefined;
}

/** Who asks, as the connection tells, and a proxy that is trusted. */
export function knockOf(request: FastifyRequest, proxies: BehindProxies | undefined): Knock {
  const { headers, socket } = request;
  const remote = socket.remoteAddress ?? '';
  const { authorization } = headers;
  if (proxies === undefined || !isListed(proxies.trusted, plainAddress(remote)))
    return { authorization, address: plainAddress(remote), certificate: certificateOf(request) };
  const passed = proxies.certificateHeader === undefined ? undefined : headers[proxies.certificateHeader];
  return {
    authorization,
    address: clientAddress({ remote, headers }, proxies),
    certificate: passedCertificate(typeof passed === 'string' ? passed : undefined)?.fingerprint256,
  };
}

/** SHA-256 of the certificate that the caller showed over TLS, where one of ours signed it. */
function certificateOf({ socket }: FastifyRequest): string | undefined {
  if (!('getPeerCertificate' in socket)) return undefined;
  const secured = socket as TLSSocket;
  return secured.authorized ? secured.getPeerCertificate().fingerprint256 : undefined;
}
