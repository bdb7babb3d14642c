/** `'text'`, quotes doubled. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** `"name"`, quotes doubled. */
export { quoted } from '../core/sql-text.ts';
