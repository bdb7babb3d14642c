import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowBundleOption } from '@temporalio/worker';

export type WorkflowSource =
  { readonly workflowsPath: string } | { readonly workflowBundle: Extract<WorkflowBundleOption, { codePath: string }> };

/** What `Worker.create` takes its workflows from: the bundle when there is one, else the sources (slower to start). */
export function workflowSource({
  bundlePath = builtBundle(),
}: { readonly bundlePath?: string | undefined } = {}): WorkflowSource {
  if (existsSync(bundlePath)) return { workflowBundle: { codePath: bundlePath } };
  return { workflowsPath: workflowsPath() };
}

/** `npm run build` puts it beside the compiled sources. */
export const builtBundle = (): string => fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** `.ts` under tsx, `.js` in dist: the file beside us has our own ending. */
export function workflowsPath(): string {
  return fileURLToPath(new URL(`../workflows/index${extname(import.meta.url)}`, import.meta.url));
}
