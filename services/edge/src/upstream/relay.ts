import type { IncomingMessage } from 'node:http';
import { connectionOptions } from '../exchange/head.ts';
import type { ServedRequest } from '../http1/engine.ts';
import { Fields } from '../http1/fields.ts';
import type { Sending } from './attempt.ts';
import { pump } from './pump.ts';
import { PSEUDONYM } from './request-fields.ts';
import { HOP_BY_HOP } from './reserved.ts';
import { forwardable } from './trailers.ts';

/** The fields of an upstream's response that the client gets; flat. */
export function responseFields(response: IncomingMessage): string[] {
  const sent = new Fields(response.rawHeaders);
  const options = connectionOptions(sent);
  const fields: string[] = [];
  for (let i = 0; i < sent.raw.length; i += 2) {
    const name = sent.raw[i] as string;
    const key = name.toLowerCase();
    if (HOP_BY_HOP.has(key) || options.has(key) || key === 'via') continue;
    fields.push(name, sent.raw[i + 1] as string);
  }
  const via = sent.joined('via');
  const own = `${response.httpVersion} ${PSEUDONYM}`;
  fields.push('via', via === undefined ? own : `${via}, ${own}`);
  return fields;
}

/**
 * Sends an upstream's response on. A body that breaks off breaks the client's connection too: a response cut short must not look
 * like a whole one. Resolves with whether it was whole.
 */
export function relay(
  response: IncomingMessage,
  sending: Sending,
  served: ServedRequest,
  fields: readonly string[],
): Promise<boolean> {
  return new Promise((resolve) => {
    const out = served.respond({ status: response.statusCode ?? 502, fields });
    const copying = pump(response, out.stream, () => {
      out.trailers(forwardable(new Fields(response.rawTrailers)));
      // The upstream has said all it has to say; what it didn't read of the body it doesn't want.
      if (!sending.request.writableFinished) {
        sending.stop();
        sending.request.destroy();
      }
      out.end();
      resolve(true);
    });
    sending.clientWaits = () => copying.blocked;
    const broken = () => {
      if (copying.done) return;
      copying.stop();
      sending.stop();
      if (!served.gone) served.cut();
      resolve(false);
    };
    response.once('error', broken);
    response.once('close', broken);
  });
}
