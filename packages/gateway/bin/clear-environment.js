/*
 * A stdio server runs as the user of the gateway and may read /proc/<gateway>/environ: the environment that the process
 * was started with, whatever was deleted from it since. This copies every variable to other memory and overwrites the
 * place that the system shows. The variables themselves stay, for reloads of the configuration.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'fs';

/* Elsewhere than on Linux this cannot be done without native code. */
export function clearEnvironment() {
  if (process.platform !== 'linux') return;
  try {
    Object.keys(process.env).forEach(function (name) {
      var value = process.env[name];
      process.env[name] = value;
    });
    var status = readFileSync('/proc/self/stat', 'latin1');
    /* After the name, which may hold anything: the fields 50 and 51 are the begin and the end of the environment. */
    var fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    var begin = Number(fields[47]);
    var end = Number(fields[48]);
    if (!(begin > 0 && end > begin)) return;
    var memory = openSync('/proc/self/mem', 'r+');
    try {
      writeSync(memory, Buffer.alloc(end - begin), 0, end - begin, begin);
    } finally {
      closeSync(memory);
    }
  } catch (error) {
    /* A process that may not write its own memory can mostly not be read by others of its user either. */
  }
}
