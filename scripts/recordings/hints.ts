import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainNames } from '../../messages/names.ts';
import { noteWork } from '../../store/webhooks/work.ts';
import { ended, until } from './playing.ts';
import type { Recording } from './recording.ts';

/** Records that webhooks have named. */
export const hints = {
  hinted: {
    play: async ({ scene, partner, save }) => {
      const definition = join(scene.partnersDir, `${partner}.yaml`);
      const before = JSON.parse(await readFile(definition, 'utf8')) as object;
      const route = { stream: 'payments', as: 'hint', key: 'id', fetch: { path: '/v1/payments/{id}' } };
      const webhooks = { changes: { preset: 'github', secrets: [{ value: 'recorded' }], routes: [route] } };
      await writeFile(definition, JSON.stringify({ ...before, webhooks }));
      const note = { kind: 'hint', stream: 'payments', key: 'none' } as const;
      // The second is due a little later.
      await noteWork(scene.pool, {
        partner,
        webhook: 'changes',
        work: [
          { ...note, waitMs: 0 },
          { ...note, key: 'neither', waitMs: 4000 },
        ],
      });
      const handle = scene.client.workflow.getHandle(plainNames.hintsId(partner));
      await until(() =>
        handle.describe().then(
          () => true,
          () => false,
        ),
      );
      await ended(handle);
      await save('followHints.ok', handle.workflowId);
    },
  },
} as const satisfies Readonly<Record<string, Recording>>;
