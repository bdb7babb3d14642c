export const searchAttributes = {
  SyncPartner: 'KEYWORD',
  SyncStream: 'KEYWORD',
  SyncKind: 'KEYWORD',
  SyncOutcome: 'KEYWORD',
} as const;
