import { fstatSync } from 'node:fs';

/**
 * Whether a program has started this one with pipes or sockets as its standard input and output, as MCP clients do. A
 * terminal, a file and /dev/null are none.
 */
export const hasPipes = ({ stdin, stdout }: Pick<NodeJS.Process, 'stdin' | 'stdout'>): boolean =>
  isPipe(stdin.fd) && isPipe(stdout.fd);

function isPipe(descriptor: number): boolean {
  try {
    const status = fstatSync(descriptor);
    return status.isFIFO() || status.isSocket();
  } catch {
    return false;
  }
}
