import { InvalidInput } from '../core/errors.ts';

/** `host:port`. */
export function checkedAddress(address: string): string {
  const port = Number(/^.+:(\d{1,5})$/.exec(address)?.[1] ?? Number.NaN);
  if (!(port <= 65_535))
    throw new InvalidInput(`--address: expected host:port, found ${address}; write it as 127.0.0.1:8080`);
  return address;
}
