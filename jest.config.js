// Native ESM, as in production: `npm test` passes --experimental-vm-modules. Each file loads all modules anew, mostly short-lived
// objects: --max-semi-space-size=64 takes a tenth of the CPU out of that (76 files without servers: 25.2 to 22.7 s), and --single-threaded-gc another
// tenth (9 files in one process, three times: 29.3 to 26.3 s), since all cores are busy anyway.
export default {
  testEnvironment: '<rootDir>/test/environment.js',
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/test/setup.ts',
  globalTeardown: '<rootDir>/test/teardown.ts',
  // What waits in vain says so after 45 s (test/support/eventually.ts). This is for machines on which a test of half a minute takes two.
  testTimeout: 180_000,
  // On two cores: tests wait for servers, and with two of them a core stood still now and then.
  maxWorkers: 3,
  // Modules of a file that has ended stay in memory (Node does not free what `vm` has linked): after 340 files a worker held 4.6 GB and did little but
  // collect garbage.
  workerIdleMemoryLimit: '1GB',
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, sourceMaps: 'inline' }],
  },
};
