import { AwsV4Signer } from 'aws4fetch';
import type { PageRequest } from '../../core/page.ts';
import type { AuthOf } from '../../definitions/auth.ts';

/** AWS Signature Version 4 over what is sent: method, path, query, headers and body. */
export async function signAws(auth: AuthOf<'awsSigv4'>, request: PageRequest, nowMs: number): Promise<PageRequest> {
  const { accessKeyId, secretAccessKey, sessionToken, region, service } = auth;
  const signer = new AwsV4Signer({
    method: request.method,
    url: spelled(request.url),
    headers: request.headers,
    ...(request.body === undefined ? {} : { body: request.body }),
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    region,
    service,
    datetime: new Date(nowMs).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
  });
  const { url, headers } = await signer.sign();
  const signed = Object.fromEntries(headers.entries());
  return { ...request, url: url.href, headers: { ...request.headers, ...signed } };
}

/** A space is `%20` to AWS, and a plus a plus; to `URL` a space of a query is a plus. */
function spelled(text: string): string {
  const url = new URL(text);
  url.search = url.search.replaceAll('+', '%20');
  return url.href;
}
