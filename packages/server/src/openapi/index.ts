/** REST becomes MCP: operations of an OpenAPI document as tools, their calls as requests, the answers as results. */
export { answerOf, type AnswerReading, type RestAnswer, type RestResponse } from './answer.ts';
export { type RestError } from './answer-error.ts';
export { ArgumentError } from './argument-error.ts';
export type {
  AnswerShape,
  AuthBinding,
  BodyBinding,
  OperationBinding,
  ParameterBinding,
  PartBinding,
  RestTool,
  Style,
} from './binding.ts';
export { DocumentError } from './document-error.ts';
export { conversionOf, toolsOf, type Choice, type Converted, type ToolOverride } from './from-document.ts';
export { fromOpenApi, type FromOpenApi, type RestSender } from './from-open-api.ts';
export { operationMeta } from './operation-meta.ts';
export { operationsOf, type Operation } from './operations.ts';
export { positionIn, readDocument, type OpenApiDocument } from './read-document.ts';
export { requestOf, type RestCredential, type RestRequest } from './request.ts';
