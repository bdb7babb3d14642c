import { sayError } from './error-document.ts';
import { program } from './program.ts';
import { ownStreams } from './streams.ts';

// `| head` has read enough: no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = sayError(error, { json: process.argv.includes('--json'), to: ownStreams });
}
