import { X509Certificate } from 'node:crypto';
import { parseItem } from 'structured-headers';

/** SHA-256 of a certificate, 64 small digits of hex. */
export interface ShownCertificate {
  readonly fingerprint256: string;
}

/**
 * The client's certificate as a proxy that ends TLS passes it: `:base64 of DER:` (`Client-Cert` of RFC 9440), PEM with percent signs
 * (nginx's `$ssl_client_escaped_cert`, AWS's `X-Amzn-Mtls-Clientcert`), or its SHA-256 in hex, with or without colons. Ask only where
 * the connection is one of a proxy that is trusted, and only for the header that it writes: others come from the client. Undefined:
 * none was shown, or what was passed is no certificate.
 */
export function passedCertificate(header: string | undefined): ShownCertificate | undefined {
  const text = header?.trim() ?? '';
  const hex = text.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return { fingerprint256: hex };
  try {
    const certificate = text.startsWith(':') ? ofStructured(text) : new X509Certificate(decodeURIComponent(text));
    return certificate === undefined ? undefined : plain(certificate.fingerprint256);
  } catch {
    return undefined;
  }
}

function ofStructured(text: string): X509Certificate | undefined {
  const [bytes] = parseItem(text);
  return bytes instanceof ArrayBuffer ? new X509Certificate(Buffer.from(bytes)) : undefined;
}

const plain = (fingerprint: string): ShownCertificate => ({
  fingerprint256: fingerprint.replaceAll(':', '').toLowerCase(),
});
