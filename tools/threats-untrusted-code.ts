/** The threats from code and programs that nobody has read. */
import { row, type Threat } from './threat.ts';

export const UNTRUSTED_CODE: Readonly<Record<string, Threat>> = {
  X1: row(
    'It starts processes without end.',
    'A control group or the kernel limits their number; for root without control groups they are counted.',
  ),
  X2: row(
    'It takes memory without end: in one process, in many, in temporary files, or outside of processes.',
    'A control group limits all of it together; without one it is counted, and what cannot be counted is refused.',
  ),
  X3: row(
    'It never ends, or burns the processor in many processes.',
    'Time and the time of the processor are limited, over everything that it started.',
  ),
  X4: row(
    'It reaches the network: the loopback of the host, private addresses, the metadata service, other socket families.',
    'It has a network of its own without a way out; other families of sockets are refused.',
  ),
  X5: row(
    'It reads or writes files of the host, by links that change meanwhile or through /proc.',
    'The host is not there but for what is listed, and links are followed inside only.',
  ),
  X6: row('It reads the environment or the secrets of its host.', 'Its environment is made for it.'),
  X7: row('It signals or reads processes outside.', 'It has process ids of its own, and sees no others.'),
  X8: row(
    'It leaves daemons, files or mounts behind, or outlives its host.',
    'Everything ends with the first process of its namespace, and that ends with the host.',
  ),
  X9: row('It floods its output.', 'Output is bounded; what writes more is ended.'),
  X10: row('It opens files without end.', 'Their number is limited.'),
  X11: row(
    'It gets rights: capabilities, set-user-id, new namespaces, mounts, keys, rare calls of the kernel.',
    'No capabilities, no new rights, no further namespaces, and a filter of system calls.',
  ),
  X12: row(
    'Names of files that a model gives leave the folder of a run.',
    'A name has no dots, empty parts or control characters; the folder is new and private.',
  ),
};
