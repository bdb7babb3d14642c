import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const port = z.int().min(1).max(65_535).optional();
const devPorts = z.object({ postgres: port, temporal: port, ui: port, partner: port });
export type DevPorts = z.output<typeof devPorts>;

const fileIn = (dir: string): string => join(dir, 'ports.json');

/** Those of the last `syncline dev` with this folder: bookmarks and connections of other programs stay right. None: the first one. */
export async function lastPorts(dir: string): Promise<DevPorts> {
  try {
    return devPorts.parse(JSON.parse(await readFile(fileIn(dir), 'utf8')));
  } catch {
    return {};
  }
}

export const keepPorts = (dir: string, ports: DevPorts): Promise<void> =>
  writeFile(fileIn(dir), JSON.stringify(ports, null, 2));
