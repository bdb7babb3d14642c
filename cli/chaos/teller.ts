import type { ChaosChoice } from './choice.ts';
import { called } from '../called.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import type { LeftOut } from './generate/generate.ts';
import { faultsOf, type Finding, type RoundFacts } from './judge.ts';

const USUAL_KILLS = '1';

export interface Told {
  readonly round: (round: string, facts: RoundFacts, findings: readonly Finding[]) => void;
  /** The exit code. */
  readonly end: () => number;
}

/** Says how each round went, and in the end whether all held. */
export function teller(
  output: CommandContext['output'],
  {
    name,
    seed,
    leftOut,
    choice,
  }: {
    readonly name: string;
    readonly seed: number;
    readonly leftOut: readonly LeftOut[];
    /** Further options, as they were given. */
    readonly choice: string;
  },
): Told {
  const all: { readonly round: string; readonly facts: RoundFacts; readonly findings: readonly Finding[] }[] = [];
  return {
    round: (round, facts, findings) => {
      all.push({ round, facts, findings });
      const outcomes = facts.streams
        .map(({ stream, outcome, after }) => `${stream} ${outcome ?? '?'} ${after.rows}`)
        .join(', ');
      const faults = faultsOf(facts.arrivals);
      const disturbed = [faults, facts.kills === 0 ? '' : `${facts.kills} × worker killed`].filter(Boolean).join(', ');
      output.say(
        `\nRound ${round}: ${facts.arrivals.length} requests${disturbed === '' ? '' : `; ${disturbed}`}\n  ${outcomes}`,
      );
      for (const finding of findings) output.say(`  ✗ ${shown(finding)}`);
    },
    end: () => {
      const bad = all.filter(({ findings }) => findings.length > 0);
      output.json({
        partner: name,
        seed,
        leftOut,
        rounds: all.map(({ round, facts, findings }) => ({
          round,
          requests: facts.arrivals.length,
          kills: facts.kills,
          faults: faultsOf(facts.arrivals),
          streams: facts.streams,
          findings,
        })),
        holds: bad.length === 0,
      });
      if (bad.length === 0)
        output.say(
          '\nAll held: nothing lost, nothing doubled, nothing green that was not complete, and a second sync changed nothing.',
        );
      else
        output.say(
          `\n${bad.length} of ${all.length} rounds did not hold. Once more the same: ${called(`chaos ${name} --seed ${seed}${repeat(bad)}${choice}`)}`,
        );
      return bad.length === 0 ? exitCodes.ok : exitCodes.failed;
    },
  };
}

/** What else a round depends on. */
export const chosen = ({ kills, lies, generate, records }: ChaosChoice): string =>
  [
    kills === USUAL_KILLS ? '' : ` --kills ${kills}`,
    lies === true ? ' --lies' : '',
    generate === true ? ' --generate' : '',
    records === undefined ? '' : ` --records ${records}`,
  ].join('');

/** A round depends on the seed and its number alone. */
function repeat(bad: readonly { readonly round: string }[]): string {
  const first = bad[0]?.round;
  return bad.length === 1 && first !== 'undisturbed' ? ` --round ${first}` : '';
}

const shown = ({ stream, says }: Finding): string => `${stream === null ? '' : `${stream}: `}${says}`;
