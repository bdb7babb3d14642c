/** Made once: `toLocaleString` makes one each time, which takes longer than the rest of a table's cell. */
const format = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

export const count = (n: number): string => format.format(n);

/** `1 stream`, `2 streams`. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** `1.2 MB`. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const at = Math.min(units.length - 1, n < 1 ? 0 : Math.floor(Math.log10(n) / 3));
  return `${count(Number((n / 1000 ** at).toPrecision(3)))} ${units[at]}`;
}
