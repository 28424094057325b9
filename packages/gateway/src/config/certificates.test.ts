/** The TLS files of a listener: what does not fit together is refused by name. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from '../../../server/src/listen/testing/certificate.mts';
import { errorOf, folder } from './testing/load.mts';

describe('certificates', () => {
  const make = (name: string): void => makeCertificate(folder, 'x', `${name}.key`, `${name}.crt`);
  beforeAll(() => {
    make('one');
    make('two');
    writeFileSync(join(folder, 'text.pem'), 'not PEM');
  });
  const tls = (cert: string, key: string, ca = ''): string =>
    errorOf(`gateway: { tls: { cert: ${cert}, key: ${key}${ca} } }`);

  it('a pair that fits is accepted', () => expect(tls('one.crt', 'one.key', ', clientCa: two.crt')).toBe(''));

  it.each([
    ['absent.crt', 'one.key', '', 'gateway.tls.cert: the file absent.crt cannot be read'],
    ['text.pem', 'one.key', '', 'gateway.tls.cert: the file text.pem does not hold a PEM certificate'],
    [
      'one.crt',
      'one.crt',
      '',
      'gateway.tls.key: the file one.crt does not hold a PEM private key without a passphrase',
    ],
    ['one.crt', 'two.key', '', 'gateway.tls.key: the key two.key does not belong to the certificate one.crt'],
    [
      'one.crt',
      'one.key',
      ', clientCa: one.key',
      'gateway.tls.clientCa: the file one.key does not hold a PEM certificate',
    ],
  ])('%s with %s%s is refused by name', (cert, key, ca, says) =>
    expect(tls(cert, key, ca)).toMatch(new RegExp(`^sallyport\\.yaml:1:\\d+: ${says}$`)),
  );
});
