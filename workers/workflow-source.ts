import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { SEALS_FAILURES } from '../messages/seals-failures.ts';

export type WorkflowSource = { readonly workflowsPath: string } | { readonly workflowBundle: WorkflowBundleOption };

/**
 * What `Worker.create` takes its workflows from: the bundle when there is one, else the sources (slower to start).
 * `sealed`: messages of the failures that workflows make are sealed too; from sources the data converter sees to it.
 */
export function workflowSource({
  bundlePath = builtBundle(),
  sealed = false,
}: { readonly bundlePath?: string | undefined; readonly sealed?: boolean } = {}): WorkflowSource {
  if (!existsSync(bundlePath)) return { workflowsPath: workflowsPath() };
  if (!sealed) return { workflowBundle: { codePath: bundlePath } };
  // On the first line, not before it: the source map goes on to fit.
  return { workflowBundle: { code: `globalThis.${SEALS_FAILURES} = true; ${readFileSync(bundlePath, 'utf8')}` } };
}

/** `npm run build` puts it beside the compiled sources. */
export const builtBundle = (): string => fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

export const workflowsPath = (): string => inWorkflows('index');
export const failureConverterPath = (): string => inWorkflows('failure-converter');

/** `.ts` under tsx, `.js` in dist: the file beside us has our own ending. */
const inWorkflows = (name: string): string =>
  fileURLToPath(new URL(`../workflows/${name}${extname(import.meta.url)}`, import.meta.url));
