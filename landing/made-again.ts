/** What was done to a table that somebody dropped, or dropped columns of. */
export interface MadeAgain {
  /** For people. */
  readonly remark: string;
  /** Events that could not be told to the table: they fit no longer. */
  readonly unfit: number;
  /** A `replace` stays empty until a listing is swapped in: the log does not say yet which rows the last one had. */
  readonly emptied: boolean;
}
