import { tmpdir } from 'node:os';
import { z } from 'zod';
import { duplicatesLimits, duplicatesVariables } from './duplicates-settings.ts';

/** Whether and when workers look for what has stayed behind (docs/janitor.md). */
export const janitorVariables = {
  SYNCLINE_JANITOR: z.enum(['off', 'report', 'apply'], 'one of off, report, apply').default('report'),
  SYNCLINE_JANITOR_CRON: z
    .string()
    .regex(/^[\d*,/A-Za-z-]+( [\d*,/A-Za-z-]+){4}$/, "five fields in UTC, such as '17 4 * * 1'")
    .default('17 4 * * 1'),
};

export interface JanitorSettings {
  /** `report`: names it only. `apply`: removes what nobody needs as well. */
  readonly mode: 'off' | 'report' | 'apply';
  /** In UTC. */
  readonly cron: string;
  /** Of this machine: where temporary files are made. */
  readonly folders: readonly string[];
}

const variables = z.object({ ...janitorVariables, ...duplicatesVariables });

export const janitorSettings = (value: z.output<typeof variables>): JanitorSettings => ({
  mode: value.SYNCLINE_JANITOR,
  cron: value.SYNCLINE_JANITOR_CRON,
  folders: [duplicatesLimits(value).folder, tmpdir()],
});
