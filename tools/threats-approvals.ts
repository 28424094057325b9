/** The threats to approvals by people. */
import { row, type Threat } from './threat.ts';

export const APPROVALS: Readonly<Record<string, Threat>> = {
  U1: row('Arguments change after the approval.', 'An approval is for the digest of the exact arguments.'),
  U2: row('The definition or the policy changes after the approval.', 'Both are part of what was approved.'),
  U3: row('A client rebuilds a pending call from its own history.', 'The pending request is kept by the gateway.'),
  U4: row('An approval is used twice.', 'It is consumed once, atomically.'),
  U5: row('A caller approves their own call.', 'The requester is refused as an approver.'),
  U6: row(
    'An old approval is used, or one whose clock was set back.',
    'Approvals expire by a clock that only goes forward; expiry is checked when they are used, and noted.',
  ),
  U7: row(
    'Requests for approval flood the approvers.',
    'Equal requests are one; those that wait are bounded for each user and agent; after five refusals comes a pause.',
  ),
  U9: row('What is cut off in a message hides the harm.', 'The number of characters that are not shown is said.'),
  U10: row(
    'A link is opened by a machine: previews, mail scanners, prefetch.',
    'Nothing changes by GET or HEAD; a change needs a session, its token and a body.',
  ),
  U11: row(
    'A request in the name of Slack, or of the receiver of a webhook: forged, old, repeated, of another workspace.',
    'The signature over the raw bytes and its time are checked; the person is looked up among those who signed in.',
  ),
  U12: row(
    'A request in the name of the Bot Framework: of another bot, another Entra tenant or another service, or repeated.',
    'Its token, the service, the tenant, the conversation and the message must be those of the card that was written.',
  ),
  U13: row('An approval is stretched to another call.', 'It fits one tool of one server and nothing else.'),
  U8: row(
    'Text of a server or a model hides what it says: padding, unseen or turning characters, look-alike letters.',
    'It is answered as data and shown whole; what would hide is shown as a mark with its name, or as an escape.',
  ),
  U14: row(
    'An approval of another tenant is used, or anything of another tenant is read.',
    'Approvals, logs, figures, keys and cursors are bound to their tenant; those of another one do not exist.',
  ),
  U15: row(
    'Text of an agent runs as a script on the approval page.',
    'All text is put into the page as text nodes, under a policy that allows no inline script.',
  ),
  U16: row(
    'The approval store, the process or a waiting call fails at any moment.',
    'The call is refused and its approval is there for the next; what was cut off is `unknown`, never repeated.',
  ),
  U18: row(
    'Arguments that nobody can read: encoded, evaluated, piped.',
    'They are marked for approvers, with the reason.',
  ),
  U17: row('The client answers for the approvers.', 'Its answer decides nothing, only what people say on the page.'),
};
