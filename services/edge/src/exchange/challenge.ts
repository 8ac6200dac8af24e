import type { HttpChallenges } from '../certificates/challenges.ts';
import { message } from '../plugins/message.ts';
import type { Answer, RequestHead } from './exchange.ts';

const PREFIX = '/.well-known/acme-challenge/';

/** Whatever is below that path never reaches a route. */
export function isChallenge({ path }: RequestHead): boolean {
  return path.startsWith(PREFIX);
}

/** What a CA that validates by http-01 is answered (RFC 8555 section 8.3). */
export async function answerChallenge(
  challenges: HttpChallenges,
  { method, path, host }: RequestHead,
): Promise<Answer> {
  if (host === undefined || (method !== 'GET' && method !== 'HEAD')) {
    return message(404, 'Not found');
  }
  const body = await challenges.answer(host.name, path.slice(PREFIX.length));
  if (body === undefined) return message(404, 'Not found');
  return { status: 200, headers: { 'content-type': 'text/plain' }, body };
}
