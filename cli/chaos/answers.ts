import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidInput } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { Partner } from '../../definitions/definition.ts';
import type { Environment } from '../../definitions/interpolate.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import { readRecordings } from '../../recordings/files.ts';
import type { Recording } from '../../recordings/recording.ts';
import { called } from '../called.ts';
import { generate, type LeftOut } from './generate/generate.ts';
import { writeRehearsed } from './rehearsed.ts';

/** What the partner plays. */
export interface Answers {
  readonly recordings: readonly Recording[];
  /** Streams that are not tried, and why. */
  readonly leftOut: readonly LeftOut[];
  /** Streams whose keys tell fewer records apart than were asked for. */
  readonly short: readonly string[];
}

export async function recordedAnswers(from: string, partner: string): Promise<Answers> {
  return { recordings: await readRecordings(resolve(from), partner), leftOut: [], short: [] };
}

/** Made from the definition in `partnersDir`. `dir`: a folder of our own, which is removed. @throws {InvalidInput} no stream can be tried so. */
export async function generatedAnswers(
  name: string,
  {
    dir,
    partnersDir,
    env,
    ...options
  }: {
    readonly dir: string;
    readonly partnersDir: string;
    readonly env: Environment;
    readonly records: number;
    readonly seed: number;
  },
): Promise<Answers> {
  const partner = await loadedFor(name, { dir, partnersDir, env });
  const answers = await generate(compilePartner(partner, plainNames), { ...options, nowMs: Date.now() });
  if (answers.recordings.length > 0) return answers;
  const reasons = answers.leftOut.map(({ stream, reason }) => `  ${stream}: ${reason}`);
  throw new InvalidInput(
    `no answers can be generated for ${name}; record the partner instead (${called(`partners record ${name}`)}):\n${reasons.join('\n')}`,
  );
}

async function loadedFor(
  name: string,
  { dir, partnersDir, env }: { readonly dir: string; readonly partnersDir: string; readonly env: Environment },
): Promise<Partner> {
  try {
    await writeRehearsed(name, { from: partnersDir, into: dir, baseUrl: NOBODY, as: name });
    return await loadPartner(name, { dir, env });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** RFC 6761 §6.4: no request goes there. */
const NOBODY = 'http://partner.invalid';
