import { called } from './called.ts';
import type { CommandContext } from './command.ts';
import { exitCodes } from './exit.ts';

/** Ctrl-C while something is waited for that goes on by itself. A second one ends the process at once. */
export function untilInterrupted(): { readonly signal: Promise<'interrupted'>; readonly forget: () => void } {
  const forgotten = new AbortController();
  const signal = new Promise<'interrupted'>((resolve) => {
    const hear = (): void => {
      resolve('interrupted');
      process.once('SIGINT', () => process.exit(exitCodes.interrupted));
    };
    process.once('SIGINT', hear);
    forgotten.signal.addEventListener('abort', () => process.off('SIGINT', hear));
  });
  return { signal, forget: () => forgotten.abort() };
}

/** Says that only the watching has ended. */
export function leaveRunning(
  { output }: Pick<CommandContext, 'output'>,
  runId: string,
  { group = 'runs', again }: { readonly group?: 'runs' | 'backfill' | 'reconcile'; readonly again?: string } = {},
): number {
  output.json({ runId, state: 'running' });
  output.note(`
${runId} goes on: workers do it, not this command.
  how far it is:  ${called(`${group} show ${runId}`)}${again === undefined ? '' : `\n  wait for it:    ${called(again)}`}
  end it:         ${called(`${group} cancel ${runId}`)}`);
  return exitCodes.interrupted;
}
