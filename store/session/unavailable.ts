import { WarehouseUnavailable } from '../../core/errors.ts';

/** SQLSTATE classes 08 (connection), 57P (shutdown, crash) and 53 (out of resources); and what the driver says instead. */
const states = /^(08|57P|53)/;
const sockets = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT']);
const words =
  /connection terminated|timeout exceeded when trying to connect|connection timeout|client was closed|not queryable/i;

/** Says WarehouseUnavailable where the warehouse itself is away; every other error passes as it is. */
export async function whenAvailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new WarehouseUnavailable(`the warehouse is not available (${codeOf(error) || 'connection lost'})`, {
      cause: error,
    });
  }
}

/** The server is away, starting or ending: the same may work later. */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  return states.test(code) || sockets.has(code) || words.test(fieldOf(error, 'message'));
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return fieldOf(error, 'code');
}

/** Not `instanceof Error`: errors of Node's own modules are of another realm where code runs in a `vm` context, as tests do. */
function fieldOf(error: unknown, name: 'code' | 'message'): string {
  return typeof error === 'object' && error !== null && name in error ? String(Reflect.get(error, name)) : '';
}
