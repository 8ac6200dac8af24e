import type { Answer } from '../exchange/exchange.ts';

/** An answer in Kong's shape: JSON with a sentence for people. */
export function message(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify({ message: text }),
  };
}

/** "Not now": for what can't be told because somebody who knows is away. Never for "no". */
export function unavailable(text: string, retryAfterMs: number): Answer {
  const seconds = Math.min(Math.max(Math.ceil(retryAfterMs / 1000), 1), 3600);
  return message(503, text, { 'retry-after': String(seconds) });
}
