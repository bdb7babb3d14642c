import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signalApproval, startChangeDuplicates, startFindDuplicates } from '../../client/duplicates.ts';
import type { DuplicatesInput } from '../../definitions/duplicates.ts';
import { plainNames } from '../../messages/names.ts';
import { decidePairs } from '../../store/duplicates/decide.ts';
import { ended } from './playing.ts';
import type { Recording } from './recording.ts';
import { startSlotOf, timesOf } from './slots.ts';

const given = { by: 'somebody', reason: 'a recording' };

/** A plan that is applied and undone, one that a signal approves, and rows that join. */
export const duplicates = {
  doubled: {
    play: async ({ scene: { client, pool, partnersDir }, partner, start, save }) => {
      await ended((await start(['customers'])).handle);
      const name = 'people';
      const settings: DuplicatesInput = {
        [name]: {
          from: [{ stream: `${partner}.customers`, fields: { id: 'id' } }],
          compare: { id: { as: 'id', score: false } },
          exact: [{ name: 'same-end', fields: ['id~suffix2'] }],
        },
      };
      await writeFile(join(partnersDir, 'duplicates.yaml'), JSON.stringify(settings));
      const find = async (label: string, more: { readonly join: boolean; readonly waitMs: number }) => {
        const handle = await startFindDuplicates(client, { names: plainNames, name, label, by: given.by, ...more });
        if (more.waitMs > 0) await signalApproval(client, handle.workflowId, { ...given, cluster: 1 });
        const found = await handle.result();
        return { handle, plan: found.plan };
      };
      const slot = async (partnerName: string): Promise<string> => {
        const run = await startSlotOf(client, { ...timesOf('duplicates', partnerName), kind: 'join' });
        await ended(run);
        return run.workflowId;
      };
      await save('scheduledJoin.nothing', await slot(name));
      const plain = await find('plain', { join: false, waitMs: 0 });
      await save('findDuplicates.ok', plain.handle.workflowId);
      await decidePairs(pool, { plan: plain.plan, filter: { found: 'merge' }, decision: 'merge', ...given });
      const change = { names: plainNames, name, plan: plain.plan, scope: {}, ...given };
      let joining = '';
      for (const action of ['apply', 'undo'] as const) {
        const handle = await startChangeDuplicates(client, { ...change, action });
        await handle.result();
        await save(`changeDuplicates.${action}`, handle.workflowId);
        if (action === 'apply') joining = await slot(name);
      }
      await save('scheduledJoin.ok', joining);
      const approved = await find('approved', { join: false, waitMs: 60_000 });
      await save('findDuplicates.approved', approved.handle.workflowId);
      const joined = await find('joined', { join: true, waitMs: 0 });
      await save('findDuplicates.joined', joined.handle.workflowId);
    },
  },
} as const satisfies Readonly<Record<string, Recording>>;
