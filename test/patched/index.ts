import { patched, sleep } from '@temporalio/workflow';
import * as workflows from '../../workflows/index.ts';

/** The product's workflows as a careful change leaves them: runs that began without it go on without it. */
export const syncStream: typeof workflows.syncStream = async (input) => {
  if (patched('later')) await sleep(10);
  return workflows.syncStream(input);
};
export const { governPartner, syncPartner } = workflows;
