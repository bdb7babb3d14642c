/** What PostgreSQL says of an error beside its message. Never its `detail`: that quotes values. */
export interface PgError {
  /** SQLSTATE; '' when PostgreSQL did not say it. */
  readonly code: string;
  readonly message: string;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  /** The innermost function that was at work: one of a trigger, for we call none while we write rows. */
  readonly routine: string | undefined;
}

export function pgError(error: unknown): PgError {
  return {
    code: fieldOf(error, 'code') ?? '',
    message: fieldOf(error, 'message') ?? '',
    schema: fieldOf(error, 'schema'),
    table: fieldOf(error, 'table'),
    column: fieldOf(error, 'column'),
    constraint: fieldOf(error, 'constraint'),
    routine: /^(?:PL\/\w+|SQL) function "?([^\s"(]+)/m.exec(fieldOf(error, 'where') ?? '')?.[1],
  };
}

/** Not `instanceof Error`: an error may be of another realm (unavailable.ts). */
function fieldOf(error: unknown, name: string): string | undefined {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}
