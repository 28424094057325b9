/** What a command prints while it runs. */

/** Prints a line with the seconds since the command began. */
export function say(text: string): void {
  process.stdout.write(`${(performance.now() / 1_000).toFixed(1).padStart(7)} s  ${text}\n`);
}
