/** Child processes of which nothing is left: everything that they started ends with them, wherever it went. */
export { cgroupFolder } from './cgroup.ts';
export { hasPipes } from './has-pipes.ts';
export { killMarked, MARKER } from './process-marker.ts';
export { openProcessTree, type ProcessTree } from './process-tree.ts';
export { unwatchGroup, watchGroup } from './watchdog.ts';
