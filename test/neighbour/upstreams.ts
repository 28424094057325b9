/** The two servers that both tenants use, in a process of their own: prints their addresses as one line of JSON. */
import { openUpstream, textResult, tool, type Received } from '../attacks/upstream.ts';

const HOLD_MS = 20_000;
const EVENTS = 40;

/** `hold` answers late, `chatty` sends notifications first. */
function respond({ method, params }: Received, response: import('node:http').ServerResponse) {
  if (method !== 'tools/call') return undefined;
  if (params['name'] === 'hold')
    return new Promise<Record<string, unknown>>((resolve) => {
      const timer = setTimeout(() => resolve(textResult('late')), HOLD_MS);
      response.once('close', () => clearTimeout(timer));
    });
  if (params['name'] !== 'chatty') return undefined;
  const token = (params['_meta'] as { progressToken?: unknown } | undefined)?.progressToken;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let progress = 1; progress <= EVENTS; progress++) {
    const progressParams = { progressToken: token, progress, message: 'x'.repeat(20_000) };
    const message = { jsonrpc: '2.0', method: 'notifications/progress', params: progressParams };
    response.write(`data: ${JSON.stringify(message)}\n\n`);
  }
  setTimeout(() => response.end(), 200);
  return { silent: true };
}

const tools = [tool('alpha'), tool('hold'), tool('chatty')];
const [modern, legacy] = await Promise.all([
  openUpstream({ era: 'modern', tools, respond }),
  openUpstream({ era: 'legacy', tools, respond }),
]);
process.stdout.write(`${JSON.stringify({ modern: modern.url, legacy: legacy.url })}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
