import { suite } from './support/suite-services.ts';

export default async function teardown(): Promise<void> {
  const { postgres, temporal } = suite.synclineSuite ?? {};
  await Promise.all([postgres?.stop(), temporal?.stop()]);
}
