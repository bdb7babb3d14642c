import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explain, InvalidInput } from '../core/errors.ts';
import { recording, type Recording } from './recording.ts';

/** One file for each stream: `DIR/PARTNER/STREAM.json`. Returns its name. */
export async function writeRecording(dir: string, kept: Recording): Promise<string> {
  const folder = join(dir, kept.partner);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${kept.stream}.json`);
  await writeFile(file, `${JSON.stringify(kept, null, 2)}\n`);
  return file;
}

/** All recordings of a partner, by the names of their files. @throws {InvalidInput} there is none, or one of them is broken. */
export async function readRecordings(dir: string, partner: string): Promise<readonly Recording[]> {
  const folder = join(dir, partner);
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.json')).toSorted();
  if (files.length === 0)
    throw new InvalidInput(
      `there is no recording of ${partner} in ${folder}; make one with \`syncline partners record ${partner}\``,
    );
  return Promise.all(files.map(async (name) => readOne(join(folder, name))));
}

async function readOne(file: string): Promise<Recording> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new InvalidInput(`${file}: expected JSON (${explain(error)}); record it again`);
  }
  const parsed = recording.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InvalidInput(`${file}: ${issue?.path.join('.')}: ${issue?.message}; record it again`);
}
