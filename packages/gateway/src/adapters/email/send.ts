/** E-mail with a link and nothing to press: mail is read by machines, and its sender is not known for certain. */
import { Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Channel } from '../../channels/channel.ts';
import { contentOf, type Content } from '../../channels/content.ts';
import type { EmailSettings } from '../../snapshot.ts';

const ARGUMENTS_CHARACTERS_MAX = 4_000;
const TIMEOUT_MS = 15_000;
/** What a person can still do something about. */
const WRITTEN: ReadonlySet<string> = new Set(['filed', 'reminder']);

/** Writes when a request is filed, and before it expires. */
export function createEmailChannel(settings: EmailSettings): Channel {
  const { host, port, security, user, password, from, to, tenants } = settings;
  const options = {
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    connectionTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  return {
    name: `email ${host} ${to.join(' ')}`,
    tenants,
    async send(notice, _address, signal) {
      if (!WRITTEN.has(notice.kind)) return undefined;
      const content = contentOf(notice, ARGUMENTS_CHARACTERS_MAX);
      // L9: its own time-outs begin again with every byte, so a server that answers slowly for ever is cut off here.
      const socket = new Socket({ signal });
      const transport = createTransport({ ...options, socket });
      // The subject is ours but for names that have no other characters than those of identifiers.
      await transport.sendMail({
        from,
        to: [...to],
        subject: content.title,
        text: textOf(content),
        messageId: `<approval.${notice.approval.id}.${notice.kind}@sallyport>`,
      });
      return undefined;
    },
  };
}

/**
 * U15: programs that show mail make links of whatever looks like an address, and such a link would stand beside ours.
 * So addresses of others are broken, as security people write them: `https[:]//evil[.]example`, `a[@]b[.]example`.
 */
const withoutLinks = (text: string): string =>
  text
    .replaceAll(/(?<=\p{L}):(?=[^\s"])/gu, '[:]')
    .replaceAll('@', '[@]')
    .replaceAll(/\.(?=\p{L})/gu, '[.]');

const textOf = ({ status, facts, arguments: sent, page }: Content): string =>
  [
    status,
    '',
    `Decide on the page: ${page}`,
    'This message cannot decide anything, and an answer to it is not read.',
    '',
    ...facts.map(({ label, text }) => `${label}: ${withoutLinks(text)}`),
    '',
    'What would be sent:',
    ...withoutLinks(sent)
      .split('\n')
      .map((line) => `  ${line}`),
    '',
  ].join('\n');
