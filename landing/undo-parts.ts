import type { ClientBase } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import { keepLabels } from '../store/undo/relabel.ts';
import { lockRelated, type LockedStream } from './related-locks.ts';
import { undoPart, type PartDone, type UndoPart } from './undo-part.ts';
import { rememberRows, waitAgainFor } from './undo-releases.ts';
import { findRun, type RunOfStream, type UndoneRun } from './undoable.ts';

interface Locked {
  readonly locked: ReadonlyMap<string, LockedStream>;
  readonly run: UndoneRun;
}

/** The locks of all that the undo may write to, as commits take them. */
export async function lock(client: ClientBase, { stream, syncId }: RunOfStream): Promise<Locked> {
  const locked = await lockRelated(client, stream);
  for (const { isFitted, stream: each } of locked.values())
    if (!isFitted)
      throw new InvalidInput(
        `the table of ${each.name} is not as its definition says yet: its next run makes it fit (\`syncline sync ${each.partner.name} ${each.name}\`)`,
      );
  return { locked, run: await findRun(client, { stream, syncId }) };
}

type PlainPart = Pick<UndoPart, 'stream' | 'streamId' | 'own' | 'isFitted'>;

export function partsOf(locked: ReadonlyMap<string, LockedStream>, run: UndoneRun): readonly PlainPart[] {
  const own = locked.get(run.stream) as LockedStream;
  const other = own.stream.deletesIn === undefined ? undefined : locked.get(own.stream.deletesIn.name);
  return [
    { ...own, own: { run: run.run_no } },
    ...(other === undefined ? [] : [{ ...other, own: { deletesOf: run.sync_id } } as const]),
  ];
}

const needing = (locked: ReadonlyMap<string, LockedStream>, name: string): readonly LockedStream[] =>
  [...locked.values()].filter(({ stream }) => stream.relations?.needs.some((need) => need.stream === name));

export const remembers = (
  locked: ReadonlyMap<string, LockedStream>,
  part: PlainPart,
): ((client: ClientBase) => Promise<void>) | undefined =>
  needing(locked, part.stream.name).length === 0 ? undefined : (client) => rememberRows(client, part);

/** What others were told only since the undone records were there waits again, and what waits for that. */
export async function withdraw(
  client: ClientBase,
  part: UndoPart,
  locked: ReadonlyMap<string, LockedStream>,
): Promise<readonly PartDone[]> {
  const done: PartDone[] = [];
  const { undo } = part;
  for (const of of needing(locked, part.stream.name)) {
    const events = await waitAgainFor(client, { undo, needed: part, needing: of });
    if (events.length === 0) continue;
    const next: UndoPart = { ...part, ...of, own: { events } };
    done.push({ ...(await undoPart(client, { ...next, remember: remembers(locked, next) })), waiting: events.length });
    await keepLabels(client, { undo, streamId: of.streamId, kind: 'withdrawn', events });
    done.push(...(await withdraw(client, next, locked)));
  }
  return done;
}
