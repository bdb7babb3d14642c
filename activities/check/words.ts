const count = (value: number): string => value.toLocaleString('en-US');

/** `3 of 100 records`. */
export const of = (some: number, all: number, noun: string): string =>
  `${count(some)} of ${count(all)} ${noun}${all === 1 ? '' : 's'}`;

export const several = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
