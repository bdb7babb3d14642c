import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { failureConverterPath, tracedPath, workflowsPath } from '../workers/workflow-source.ts';

/** `bundle-workflows OUT [INDEX]`: one file with every workflow, whole or not there at all. */
const [, , out = 'dist/workflow-bundle.js', index = workflowsPath()] = process.argv;
const { code } = await bundleWorkflowCode({
  workflowsPath: index,
  failureConverterPath: failureConverterPath(),
  workflowInterceptorModules: [tracedPath()],
  logger: new DefaultLogger('WARN'),
});
await mkdir(dirname(out), { recursive: true });
await writeFile(`${out}.${process.pid}`, code);
await rename(`${out}.${process.pid}`, out);
console.log(`${out}: ${(code.length / 1e6).toFixed(2)} MB`);
