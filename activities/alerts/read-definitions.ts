import { explain } from '../../core/errors.ts';
import type { Partner } from '../../definitions/definition.ts';
import { listPartners } from '../../definitions/find.ts';
import type { AlertsDeps } from './alerts-deps.ts';

export interface ReadDefinitions {
  readonly names: readonly string[];
  readonly partners: readonly Partner[];
  readonly broken: readonly { readonly partner: string; readonly problem: string }[];
}

export async function readDefinitions({ partnersDir, partners }: AlertsDeps): Promise<ReadDefinitions> {
  const names = await listPartners(partnersDir);
  const found: Partner[] = [];
  const broken: { partner: string; problem: string }[] = [];
  // One after the other: other work goes on between them.
  for (const partner of names)
    try {
      const [first] = (await partners.streams(partner)).values();
      if (first !== undefined) found.push(first.partner);
    } catch (error) {
      broken.push({ partner, problem: explain(error) });
    }
  return { names, partners: found, broken };
}
