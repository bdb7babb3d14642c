/** What an export is asked for: by a person, of the worker that has the target open. */
export interface ExportTargetInput {
  readonly target: string;
  /** All when absent. */
  readonly tables?: readonly { readonly schema: string; readonly table: string }[];
  /** On the worker's machine; it must not exist before. */
  readonly folder: string;
  /** UUID that it is noted under, by each attempt. */
  readonly export?: string;
  /** Who asks for it. */
  readonly by?: string;
}

export interface ExportTargetReport {
  /** Left out by workers of before. */
  readonly export?: string;
  readonly tables: readonly {
    readonly schema: string;
    readonly table: string;
    readonly rows: number;
    /** The last event that the file shows. */
    readonly event: number;
  }[];
}

export type ExportTarget = (input: ExportTargetInput) => Promise<ExportTargetReport>;
