import { GiveUp, NeedsAttention, RetryLater } from '../core/errors.ts';

/** An error of axios, node:http or TLS → ours. Only its code goes on: its message and fields may hold URL and headers. */
export function transportFailure(error: unknown, what: string): RetryLater | GiveUp | NeedsAttention {
  const code = codeOf(error);
  const cause = Object.assign(new Error(code), { code });
  if (refusalOfOurs.test(code))
    return new NeedsAttention(`${what}: the partner does not take our certificate: check tls.cert and tls.key`, {
      cause,
    });
  if (proxyRefusal.test(code))
    return new NeedsAttention(`${what}: the proxy refuses (${code.slice(-3)}): check HTTPS_PROXY and NO_PROXY`, {
      cause,
    });
  if (certificateCodes.test(code))
    return new NeedsAttention(`${what} has a certificate that cannot be trusted; tls.ca names a CA of its own`, {
      cause,
    });
  if (ourFault.has(code)) return new GiveUp(`${what} cannot be asked: URL or header is malformed`, { cause });
  return new RetryLater(`${what} could not be reached, or broke off`, { cause });
}

/** Node's and OpenSSL's names (nodejs.org/api/tls.html, X509 certificate error codes). */
const certificateCodes = /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY))/;
/** Alerts of TLS about a client's certificate (RFC 8446 §6.2). */
const refusalOfOurs =
  /^ERR_SSL_.*ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(EXPIRED|REVOKED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED)$/;
const proxyRefusal = /^PROXY_ANSWERED_4\d\d$/;
const ourFault: ReadonlySet<string> = new Set([
  'ERR_INVALID_URL',
  'ERR_INVALID_CHAR',
  'ERR_UNESCAPED_CHARACTERS',
  'ERR_BAD_REQUEST',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_INVALID_HTTP_TOKEN',
]);

/** Node's or OpenSSL's name of what happened. */
export function codeOf(error: unknown): string {
  for (let e = error; typeof e === 'object' && e !== null; e = (e as Error).cause) {
    const { code } = e as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)) return code;
  }
  return 'UNKNOWN';
}
