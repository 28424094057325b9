/** The pages of the device flow (RFC 8628): a person confirms on the page the code that the command line shows. */
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { devicePage, PAGE_POLICY, sentence } from './page.ts';

type DeviceFlow = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>;

/** Settings of the feature. */
export const deviceFlow = (): DeviceFlow => ({
  enabled: true,
  charset: 'base-20',
  mask: '****-****',
  userCodeInputSource: (ctx, form, _out, failed) => {
    const problem = failed === undefined ? undefined : 'This code is not known, or it has expired.';
    show(
      ctx,
      devicePage({ form, formId: 'op.deviceInputForm', problem, text: 'Enter the code that your terminal shows.' }),
    );
  },
  userCodeConfirmSource: (ctx, form, client, _device, userCode) => {
    const text =
      `${client.clientName ?? client.clientId} asks to act in your name. ` +
      `Go on only if your own terminal shows the code ${userCode} now.`;
    show(ctx, devicePage({ form, formId: 'op.deviceConfirmForm', problem: undefined, text }));
  },
  successSource: (ctx) => show(ctx, sentence('Signed in', 'You can close this page and go back to your terminal.')),
});

function show(ctx: KoaContextWithOIDC, html: string): void {
  ctx.type = 'html';
  ctx.set('Content-Security-Policy', PAGE_POLICY);
  ctx.set('Referrer-Policy', 'same-origin');
  ctx.body = html;
}
