/** How a placeholder's value is written where it stands; those of a language bring its quotes. */
export const quotings = ['soql', 'jql', 'odata', 'pocketbase', 'graphql', 'json', 'url', 'path', 'raw'] as const;
export type Quoting = (typeof quotings)[number];
