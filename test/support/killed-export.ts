import { openPool } from '../../store/session/open-pool.ts';
import { postgresTargetStore } from '../../store/target-store.ts';
import { exportTarget } from '../../activities/apply/export-target.ts';
import { eraseInParquet } from '../../targets/duckdb/erase-parquet.ts';
import { openDuckdb } from '../../targets/duckdb/open-duckdb.ts';

/** Does what it is told, and kills itself in the middle of it. */
const die = async (): Promise<void> => {
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => setInterval(() => {}, 60_000));
};

const [, , what = '', ...given] = process.argv;
if (what === 'erase') {
  // `erase POINT FOLDER SCHEMA TABLE KEY`
  const [point, folder = '', schema = '', table = '', key] = given;
  const isTheirs = (row: { readonly key: readonly string[] | undefined }): boolean => row.key?.[0] === key;
  if (point === 'reading')
    await eraseInParquet({
      folder,
      tables: [{ schema, table }],
      key: ['id'],
      isTheirs: (row) => (isTheirs(row) && void die(), false),
    });
  else await eraseInParquet({ folder, tables: [{ schema, table }], key: ['id'], isTheirs, reached: die });
} else {
  // `export POINT DATABASE_URL PATH FOLDER ID`
  const [point, url = '', path = '', folder = '', id = ''] = given;
  const store = postgresTargetStore(openPool(url));
  const target = await openDuckdb({ name: 'lake', path });
  await exportTarget(
    {
      targets: { open: () => Promise.resolve(target) },
      store: {
        ...store,
        completeExport: (complete) =>
          store.completeExport({
            ...complete,
            publish: async () => {
              if (point === 'written') await die();
              await complete.publish();
              await die();
            },
          }),
      },
    },
    { target: 'lake', folder, export: id, by: 'tester' },
  );
}
