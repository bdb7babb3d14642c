/** What `syncline chaos` is asked for. */
export interface ChaosChoice {
  readonly from: string;
  readonly rounds: string;
  readonly seed?: string;
  readonly round?: string;
  readonly kills: string;
  readonly lies?: boolean;
  readonly generate?: boolean;
  readonly records?: string;
}
