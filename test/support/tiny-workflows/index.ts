import { sleep } from '@temporalio/workflow';

/** The smallest workflow with a timer: tests of bundling and of servers need one that is not the product's. */
export async function tiny(greeting: string): Promise<string> {
  await sleep(1);
  return `${greeting}, tiny`;
}
