/** Paths of the pages. Ids of runs have slashes, which stay: `/runs/sync/acme/2026-11-24`. */

const segments = (text: string): string => text.split('/').map(encodeURIComponent).join('/');

export const partnerPath = (partner: string): string => `/partners/${encodeURIComponent(partner)}`;
export const streamPath = ({ partner, stream }: { readonly partner: string; readonly stream: string }): string =>
  `${partnerPath(partner)}/${encodeURIComponent(stream)}`;
export const runPath = (id: string): string => `/runs/${segments(id)}`;
export const planPath = (plan: number): string => `/duplicates/${plan}`;
export const reconciliationPath = (id: string): string => `/reconciliations/${segments(id)}`;
