import type { HttpChallenges } from '../certificates/challenges.ts';
import { message } from '../plugins/message.ts';
import type { Answer, RequestHead } from './exchange.ts';

const PREFIX = '/.well-known/acme-challenge/';

/**
 * What a CA that validates by http-01 is answered (RFC 8555 section 8.3). Undefined when that isn't what is asked; whatever is below that path
 * never reaches a route.
 */
export async function answerChallenge(
  challenges: HttpChallenges,
  { method, path, host }: RequestHead,
): Promise<Answer | undefined> {
  if (!path.startsWith(PREFIX)) return undefined;
  if (host === undefined || (method !== 'GET' && method !== 'HEAD')) {
    return message(404, 'Not found');
  }
  const body = await challenges.answer(host.name, path.slice(PREFIX.length));
  if (body === undefined) return message(404, 'Not found');
  return { status: 200, headers: { 'content-type': 'text/plain' }, body };
}
