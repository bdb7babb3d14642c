type LogLine = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** What `http/` needs of a logger; a pino logger fits. Fields are ids and numbers: no header, no body, no query value. */
export interface Log {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
}
