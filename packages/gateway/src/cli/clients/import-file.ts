/** The servers of a client's configuration file, imported and checked one by one. */
import { readFileSync } from 'node:fs';
import { loadConfigText, type Environment } from '../../config.ts';
import { withServers } from '../configured-server.ts';
import { importServer, type ImportedServer } from './import-server.ts';
import { readClientServers } from './read-servers.ts';

/** Why a server with references cannot be checked: they are made, or set, later. */
const OF_REFERENCES = /the (?:environment variable|file) \S+ (?:is not set|cannot be read)/;

/**
 * @param folder of the configuration that the servers are for.
 * @throws Error with a sentence for the user when the file cannot be read.
 */
export function importFile(
  file: string,
  folder: string,
  environment: Environment,
  taken: ReadonlySet<string>,
): readonly ImportedServer[] {
  const names = new Set(taken);
  return read(file).map((client) => {
    const imported = checked(importServer(client, names), folder, environment);
    names.add(imported.name);
    return imported;
  });
}

function read(file: string): ReturnType<typeof readClientServers> {
  try {
    return readClientServers(readFileSync(file, 'utf8'));
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new Error(`${file} ${code === undefined ? message : `cannot be read (${code})`}`, { cause: thrown });
  }
}

/** What the configuration would refuse is left out, with the reason. */
function checked(imported: ImportedServer, folder: string, environment: Environment): ImportedServer {
  const { name, server } = imported;
  if (server === undefined) return imported;
  const loaded = loadConfigText(withServers('', [{ name, server }]), name, { environment, folder });
  const errors = 'errors' in loaded ? loaded.errors.filter(({ message }) => !OF_REFERENCES.test(message)) : [];
  const [first] = errors;
  if (first === undefined) return imported;
  return { name, server: undefined, secrets: [], notes: [`it was left out: ${first.message}`] };
}
