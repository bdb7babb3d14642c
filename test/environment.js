import { subscribe } from 'node:diagnostics_channel';
import { TestEnvironment } from 'jest-environment-node';

/** Processes that the file of this moment has started and that run still. A worker of jest runs one file at a time. */
const running = new Set();
subscribe('child_process', ({ process: child }) => {
  running.add(child);
  child.once('exit', () => running.delete(child));
});
const endAll = () => {
  for (const child of running) if (child.spawnfile !== GUARD) child.kill('SIGKILL');
  running.clear();
};
/** services/die-with-parent.ts: it ends when this process does, and removes what a server left in a throwaway folder. */
const GUARD = '/bin/sh';

/**
 * A worker of jest that has nothing left to do still takes apart its heap, half a gigabyte after a hundred files: 0.5 to 0.8 s on busy cores. After
 * 0.5 s jest ends it by force, and says that a test left something open. All results are with jest by then, so it ends without that.
 */
if (process.send !== undefined)
  process.once('exit', (code) => {
    endAll();
    process.reallyExit(code);
  });

/** A test that fails, or passes its limit, does not come to the line that ends its processes: they end with its file. */
export default class extends TestEnvironment {
  async teardown() {
    endAll();
    await super.teardown();
  }
}
