/** Variables of the gateway that a program gets too: how to reach the network, and which authorities to trust. */
import type { Report } from './report.ts';
import { looksSecret, type Environment } from './secrets.ts';

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
/** Passed without being named. A program that cannot reach its service behind a proxy is no safer. */
export const PASSED_BY_DEFAULT = [...PROXIES, 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
/** Variables that make a program load other code. */
export const LOADS_CODE = /^(?:LD_|DYLD_|NODE_OPTIONS$|PYTHONPATH$|PYTHONSTARTUP$|BASH_ENV$|ENV$)/;

/**
 * The password of a proxy is a credential of the gateway: it is passed on only to a server that names the variable.
 *
 * @param named `passEnvironment` of the server; `undefined` where it does not say.
 */
export function passedEnvironment(
  named: readonly string[] | undefined,
  environment: Environment,
  server: string,
  report: Report,
): Readonly<Record<string, string>> {
  for (const name of named ?? []) {
    if (LOADS_CODE.test(name))
      report.weaken(`servers.${server}: the variable ${name} can load other code into the server`);
    if (looksSecret(name, ''))
      report.weaken(`servers.${server}: it gets the variable ${name} of the gateway, which looks like a secret`);
  }
  return Object.fromEntries(
    (named ?? PASSED_BY_DEFAULT).flatMap((name): [string, string][] => {
      const value = environment[name];
      return value === undefined || value === '' || (named === undefined && hasCredentials(value))
        ? []
        : [[name, value]];
    }),
  );
}

/** Some proxies are written without a scheme. */
function hasCredentials(value: string): boolean {
  const text = value.includes('://') ? value : `http://${value}`;
  const at = text.lastIndexOf('@');
  return at !== -1 && (!URL.canParse(text) || new URL(text).username !== '' || new URL(text).password !== '');
}
