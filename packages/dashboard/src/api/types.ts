/**
 * The resources of the control API. `openapi.d.ts` is made from its OpenAPI document by `npm run docs`; what is written
 * out here is not in the document.
 */
import type { components, operations } from './openapi.d.ts';

type Schemas = components['schemas'];
type JsonOf<Operation extends { responses: { 200: { content: { 'application/json': unknown } } } }> =
  Operation['responses'][200]['content']['application/json'];

export type Role = 'viewer' | 'approver' | 'auditor' | 'operator' | 'admin';

/** Who somebody is; names are shown where the gateway knows them. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
  readonly name?: string;
  readonly email?: string;
}

export type Session = Schemas['Session'];

export interface List<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string;
}

export type Overview = Schemas['Overview'];
export type Server = Schemas['Server'];
export type Definition = Schemas['Definition'];
export type DefinitionDetail = Schemas['DefinitionDetail'];
export type Call = Schemas['Call'];
export type LoggedRecord = Schemas['LoggedRecord'];
export type CallDetail = JsonOf<operations['get_calls_id']>;
export type PolicyFiles = JsonOf<operations['get_policies']>;
export type Explanation = Schemas['Explanation'];
export type Trial = Schemas['Trial'];
export type ApiKey = Schemas['ApiKey'];
export type Passkey = Schemas['Passkey'];
export type KnownPerson = Schemas['KnownPerson'];
export type Settings = JsonOf<operations['get_settings']>;

type Filed = Schemas['Approval'];
export type ApprovalStatus = Filed['status'];
export type Decision = Omit<Filed['decisions'][number], 'by'> & { readonly by: Person };

/** A request for approval, with the members that a gateway may leave out. */
export type Approval = Omit<Filed, 'requester' | 'agent' | 'decisions'> & {
  readonly requester: Person;
  readonly agent: Filed['agent'] & { readonly name?: string };
  readonly decisions: readonly Decision[];
  readonly step_up_required?: boolean;
  readonly uninspectable?: readonly { readonly path: string; readonly why: string }[];
  /** Of one request; a list leaves it out. */
  readonly differs_from_earlier?: Schemas['Differences'];
};
export type Differences = Schemas['Differences'];
export type Difference = Differences['differences'][number];
export type Access = Schemas['Access'];
export type AccessOfUser = JsonOf<operations['post_servers_name_access']>;
