/** Where the database holds what is one installation's: two of them share no schema. */
export interface SchemaNames {
  /** The ledger and all that is ours. */
  readonly controlSchema: string;
  /** Where a partner's tables are. */
  targetSchema(partner: string): string;
}

export function schemasOf(installation: string): SchemaNames {
  const prefix = installation === '' ? '' : `${installation}_`;
  return { controlSchema: `${prefix}syncline`, targetSchema: (partner) => `${prefix}${partner}` };
}

/** Of the installation without a name. */
export const plainSchemas = schemasOf('');
