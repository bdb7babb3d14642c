import { DefaultFailureConverter } from '@temporalio/common';
import { SEALS_FAILURES } from '../messages/seals-failures.ts';

/**
 * For failures that workflows make themselves. It is part of every bundle, so the worker says to each sandbox whether
 * there are keys (workers/workflow-source.ts): without them a message in a payload would only be harder to read.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: SEALS_FAILURES in globalThis });
