/** Why a workflow failed, in the words of what failed first: Temporal wraps them in "Workflow execution failed" and "Activity task failed". */
export function failureText(error: Error): string {
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  return cause instanceof Error ? cause.message : error.message;
}
