import { Buffer } from 'node:buffer';

export const basicOf = ({ username, password }: { readonly username: string; readonly password: string }): string =>
  Buffer.from(`${username}:${password}`).toString('base64');
