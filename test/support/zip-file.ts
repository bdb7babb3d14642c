export { zipFile, type ZippedFile } from '../../recordings/zip-file.ts';
