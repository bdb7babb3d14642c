import type { RunJanitor } from '../../messages/janitor.ts';
import { plainNames } from '../../messages/names.ts';
import type { Recording } from './recording.ts';

/** Names what has stayed behind, and removes it. */
export const janitors = {
  tidied: {
    play: async ({ scene: { client, pool }, save }) => {
      await pool.query(`insert into leases values ('gone', gen_random_uuid(), now() - interval '2 days')`);
      for (const mode of ['report', 'apply'] as const) {
        const workflowId = `${plainNames.janitorRunId}-${mode}`;
        await client.workflow.execute<RunJanitor>('runJanitor', {
          workflowId,
          taskQueue: plainNames.workflowQueue,
          args: [{ mode }],
        });
        await save(`runJanitor.${mode}`, workflowId);
      }
    },
  },
} as const satisfies Readonly<Record<string, Recording>>;
