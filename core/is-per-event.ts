/** Whether the rows of a table are told apart by their events; otherwise by their keys. */
export const isPerEvent = ({
  rowPer,
  keys,
}: {
  readonly rowPer: 'key' | 'event' | 'version';
  readonly keys: number;
}): boolean => rowPer !== 'key' || keys === 0;
