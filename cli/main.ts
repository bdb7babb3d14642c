import { CommanderError } from 'commander';
import { explain } from '../core/errors.ts';
import { visibleJson, visibleLines } from '../core/visible.ts';
import { errorDocument, exitCodeOfError } from './error-document.ts';
import { exitCodes } from './exit.ts';
import { program } from './program.ts';

// `| head` has read enough: no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
    if (error.exitCode !== 0 && process.argv.includes('--json'))
      process.stdout.write(`${visibleJson(JSON.stringify(errorDocument(error), null, 2))}\n`);
  } else {
    process.stderr.write(`syncline: ${visibleLines(explain(error))}\n`);
    process.exitCode = exitCodeOfError(error);
  }
}
