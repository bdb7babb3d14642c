import { z } from 'zod';

const count = (fallback: number, least = 1) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'a whole number')
    .default(String(fallback))
    .transform((text, context) => {
      const value = Number(text);
      if (value < least) context.addIssue({ code: 'custom', message: `a whole number, ${least} or more` });
      return value;
    });

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits, dots, dashes and underscores, at most 63')
  .optional();

/** How workers are run: what they tell, what they may take, which version they are (docs/workers.md). */
export const workerVariables = {
  SYNCLINE_METRICS_ADDRESS: z
    .string()
    .regex(/^.+:\d{1,5}$/, 'IP:port, such as 127.0.0.1:9464')
    .optional(),
  SYNCLINE_CACHED_WORKFLOWS: count(200, 0),
  // With fewer than two of each, the SDK cannot keep a workflow and take on new ones.
  SYNCLINE_WORKFLOW_SLOTS: count(40, 2),
  SYNCLINE_WORKFLOW_POLLERS: count(10, 2),
  SYNCLINE_CONTROL_SLOTS: count(100),
  SYNCLINE_PARTNER_SLOTS: count(20),
  SYNCLINE_PARTNER_POLLERS: count(2),
  SYNCLINE_DATABASE_CONNECTIONS: count(10, 2),
  SYNCLINE_TURN_CONNECTIONS: count(8, 2),
  SYNCLINE_BUILD_ID: name,
  SYNCLINE_DEPLOYMENT: name,
};

export interface WorkerLimits {
  /** Where Prometheus may ask, `IP:port`; undefined: nowhere. */
  readonly metricsAddress: string | undefined;
  readonly cachedWorkflows: number;
  readonly workflowSlots: number;
  readonly workflowPollers: number;
  readonly controlSlots: number;
  /** Of each partner. */
  readonly partnerSlots: number;
  readonly partnerPollers: number;
  readonly databaseConnections: number;
  /** Beside those, at most, for permits by turns. */
  readonly turnConnections: number;
  /** Worker versioning; undefined: workers take the work of all versions. */
  readonly version: { readonly deploymentName: string; readonly buildId: string } | undefined;
}

const variables = z.object(workerVariables);
type Parsed = z.output<typeof variables>;

export const workerLimits = (value: Parsed): WorkerLimits => ({
  metricsAddress: value.SYNCLINE_METRICS_ADDRESS,
  cachedWorkflows: value.SYNCLINE_CACHED_WORKFLOWS,
  workflowSlots: value.SYNCLINE_WORKFLOW_SLOTS,
  workflowPollers: value.SYNCLINE_WORKFLOW_POLLERS,
  controlSlots: value.SYNCLINE_CONTROL_SLOTS,
  partnerSlots: value.SYNCLINE_PARTNER_SLOTS,
  partnerPollers: value.SYNCLINE_PARTNER_POLLERS,
  databaseConnections: value.SYNCLINE_DATABASE_CONNECTIONS,
  turnConnections: value.SYNCLINE_TURN_CONNECTIONS,
  version:
    value.SYNCLINE_BUILD_ID === undefined
      ? undefined
      : { deploymentName: value.SYNCLINE_DEPLOYMENT ?? 'syncline', buildId: value.SYNCLINE_BUILD_ID },
});
