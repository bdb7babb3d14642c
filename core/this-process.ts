let called = 'this process';

/** Said once, where a process begins: `` `syncline worker` ``. Errors of what a process lacks name it with this. */
export const nameThisProcess = (name: string): void => {
  called = name;
};

export const thisProcess = (): string => called;
