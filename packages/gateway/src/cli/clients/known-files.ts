/** Files of clients that are on this machine and name servers, for `sallyport init` to take over. */
import { existsSync, readFileSync } from 'node:fs';
import type { Environment } from '../../config.ts';
import { CLIENT_NAMES, CLIENTS } from './clients.ts';
import { readClientServers } from './read-servers.ts';

/** A file, and how many servers it names. */
export interface ClientFile {
  readonly title: string;
  readonly file: string;
}

/** Those of all clients that are known, which can be read. */
export function knownClientFiles(
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
): readonly ClientFile[] {
  return CLIENT_NAMES.flatMap((name) => {
    const client = CLIENTS[name];
    const file = client.userFile(environment, platform);
    const count = serversIn(file);
    return count === 0 ? [] : [{ title: `${client.title} (${count === 1 ? 'one server' : `${count} servers`})`, file }];
  });
}

function serversIn(file: string): number {
  if (!existsSync(file)) return 0;
  try {
    return readClientServers(readFileSync(file, 'utf8')).length;
  } catch {
    return 0;
  }
}
