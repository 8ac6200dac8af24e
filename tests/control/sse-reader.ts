import { request } from 'node:http';
import { until } from '../world/until.ts';

/** An open stream of server-sent events, read by hand rather than with the product's own client. */
export interface SseReader extends Disposable {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  /** Everything that came so far. */
  readonly text: string;
  /** The messages that came whole. */
  messages(): { id?: string; event?: string; data?: string }[];
  readonly ended: boolean;
  /** Stops reading, as a client that hangs does. */
  pause(): void;
  resume(): void;
}

export async function openSse(
  base: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<SseReader> {
  let text = '';
  let ended = false;
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>();
  const asking = request(`${base}/operator/v1${path}`, { headers, agent: false }, resolve);
  asking.on('error', reject);
  asking.end();
  const response = await promise;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('close', () => {
    ended = true;
  });
  response.on('error', () => {});
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    get text() {
      return text;
    },
    messages: () =>
      text
        .split('\n\n')
        .slice(0, -1)
        .map((block) =>
          Object.fromEntries(
            block
              .split('\n')
              .filter((line) => !line.startsWith(':'))
              .map((line) => [
                line.slice(0, line.indexOf(':')),
                line.slice(line.indexOf(': ') + 2),
              ]),
          ),
        ),
    get ended() {
      return ended;
    },
    pause: () => response.pause(),
    resume: () => response.resume(),
    [Symbol.dispose]: () => asking.destroy(),
  };
}

/** The CloudEvents of a reader, with the ids of their messages as `position`, once there are at least `count`. */
export async function eventsOf(reader: SseReader, count: number) {
  const events = () =>
    reader
      .messages()
      .filter(({ data, event }) => data !== undefined && event === undefined)
      .map(({ id, data }) => ({ position: id, ...JSON.parse(data as string) }));
  await until(() => events().length >= count, `${count} events, have ${events().length}`);
  return events();
}
