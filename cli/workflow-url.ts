/** A workflow's page in the Temporal UI. */
export const workflowUrl = (uiUrl: string, namespace: string, workflowId: string): string =>
  `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
