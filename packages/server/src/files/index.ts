/** Files for tools: a root that cannot be left, with limits on everything. */
export type { FileEntry, FileList, Files, WritableFiles } from './files.ts';
export type { FileLimits } from './limits.ts';
export { openFiles, type FilesSettings } from './open.ts';
export type { FileText } from './read.ts';
export type { Match } from './search.ts';
export type { WriteMode } from './write.ts';
