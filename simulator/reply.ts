/** An answer before it is sent, and possibly spoiled. */
export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Buffer[];
  /** Records in the body, for the statistics. */
  readonly records?: number;
}

export function jsonReply(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: [Buffer.from(JSON.stringify(body))],
  };
}

/** The error format of this partner. */
export function errorReply(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return jsonReply(status, { error: { code, message } }, headers);
}

export const bytesOf = (reply: Reply): number => reply.body.reduce((sum, part) => sum + part.length, 0);
