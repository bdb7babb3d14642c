import { readUndos, type Undo } from '../../store/undo/undos.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';

/** Runs that were undone: who, when, why, and whether that was taken back. */
export async function undoList({
  config,
  output,
  partner,
}: CommandContext & { readonly partner: string | undefined }): Promise<number> {
  const undos = await withDatabase(config, (pool) => readUndos(pool, partner === undefined ? {} : { partner }));
  output.json({ undos });
  if (undos.length === 0) output.say('No run was undone.');
  else output.table(undos.map(rowOf), ['run', 'undone', 'by', 'reason', 'events', 'keys', 'taken back', 'still to do']);
  return exitCodes.ok;
}

const rowOf = ({ syncId, at, by, reason, effects, back, pending }: Undo) => ({
  ...{ run: syncId, undone: second(at), by, reason, events: effects.events, keys: effects.keys },
  'taken back': back === null ? '' : `${second(back.at)} by ${back.by}: ${back.reason}`,
  'still to do': pending.join(', '),
});

const second = (iso: string): string => iso.slice(0, 19).replace('T', ' ');
