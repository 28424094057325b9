import { descriptionOf, type Rule } from '../rule.ts';

/** Words with which a description commands the model instead of describing. */
const ORDERS: readonly RegExp[] = [
  /\bignore (?:all|any|the|previous|other)\b/i,
  /\b(?:do not|don't|never) (?:tell|inform|mention|show|reveal|ask) (?:the |to |this |that )?user\b/i,
  /\b(?:you|the (?:model|assistant|agent|ai)) (?:must|have to|need to|should) (?:always|never|first|not)\b/i,
  /\b(?:before|after) (?:using|calling|you use|you call) (?:any|every|all) other tools?\b/i,
  /\balways (?:use|call|choose|prefer|run) this tool\b/i,
  /<(?:important|system|instructions?)>/i,
];

/** A description states facts; it gives no orders to the model. */
export const descriptionOrders: Rule = {
  id: 'description-orders',
  severity: 'error',
  onlyOwn: false,
  check(definition) {
    const text = descriptionOf(definition);
    const order = ORDERS.map((pattern) => pattern.exec(text)?.[0]).find((match) => match !== undefined);
    return order === undefined
      ? []
      : [{ at: '/description', message: `"${order}" is an order to the model: say what the tool does instead.` }];
  },
};
