/** What the pages need of a log. */
export interface UiLog {
  info(of: object, message: string): void;
  warn(of: object, message: string): void;
}
