import { workflowInfo } from '@temporalio/workflow';
import { namesOfQueue, type Names } from '../messages/names.ts';

/** Of the installation whose worker runs this workflow: the task queue tells it, also in a replay. */
export const ownNames = (): Names => namesOfQueue(workflowInfo().taskQueue);
