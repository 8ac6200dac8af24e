import type { AdminRouter } from '@sallyport/admin';
import type { authDecide, DataOf } from '@sallyport/contracts';
import type { Logger } from '@sallyport/runtime';
import { Type } from 'typebox';
import type { Decider } from '../decider.ts';
import { LoginRequestError } from '../errors.ts';
import { toLogin } from '../login.ts';
import { parseAddress } from '../network.ts';
import { type HttpAnswer, jsonAnswer, temporary } from './answer.ts';

/** A port as Nauthilus's clients send it: text or a number; empty is none. */
const port = Type.Optional(
  Type.Union([
    Type.Integer({ minimum: 0, maximum: 65535 }),
    Type.String({ pattern: '^[0-9]{0,5}$' }),
  ]),
);
const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }));
const word = Type.Optional(
  Type.String({ pattern: '^([A-Za-z0-9]+(-[A-Za-z0-9]+)*)?$', maxLength: 64 }),
);

/** Body of a question. Fields it doesn't name are ignored. `protocol` and `ssl_…` are ours: 1.2.7 has no way to tell them. */
const Body = Type.Object({
  username: Type.String({ minLength: 1, maxLength: 1024 }),
  password: text(4096),
  client_ip: text(64),
  client_port: port,
  client_hostname: text(253),
  client_id: text(1024),
  local_ip: text(64),
  local_port: port,
  service: text(256),
  method: word,
  protocol: word,
  auth_login_attempt: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  ssl_protocol: text(32),
  ssl_cipher: text(64),
});
type Question = {
  [K in keyof (typeof Body)['properties']]?: string | number | undefined;
} & { readonly username: string; readonly password?: string; readonly auth_login_attempt?: number };

export interface GenericJsonOptions {
  readonly decider: Decider;
  readonly logger: Logger;
  readonly waitDelayMs: number;
  readonly signal: AbortSignal;
}

/** `POST /generic/json`: Nauthilus 1.2's generic door. 200 let in, 403 refused, 500 temporary failure, 400 bad question. */
export function genericJson(router: AdminRouter, options: GenericJsonOptions): void {
  const { decider, logger, waitDelayMs, signal } = options;
  router.post(
    '/generic/json',
    { schema: { summary: 'May this login proceed?', tags: ['auth'], body: Body } },
    async (request, reply) => {
      const body = request.body as Question;
      const asked = questionOf(body, request.socket.remoteAddress ?? '');
      let answer: HttpAnswer;
      try {
        const login = toLogin(asked, body.password);
        const settled = await decider.decide({ asked, key: undefined, login: () => login }, signal);
        const attempt = body.auth_login_attempt ?? 0;
        answer = jsonAnswer(settled, { attempt, waitDelayMs });
      } catch (error) {
        // Whatever went wrong, a client that looks at the headers alone must not find a success.
        logger.error('a login could not be decided', { door: DOOR, error });
        answer = temporary();
      }
      // Bytes, not text: Node writes the head in the encoding of a text body, and header values here are bytes already.
      return reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body));
    },
  );
}

const DOOR = 'generic-json';

/** The body as the contract has it. A {@link BadQuestion} names field and rule. */
function questionOf(body: Question, peer: string): DataOf<typeof authDecide> {
  const { username } = body;
  if (/[(){}%"\\]/.test(username) || hasControls(username) || !username.isWellFormed()) {
    throw new BadQuestion(
      'body/username must have no control characters and none of ( ) { } % " \\',
    );
  }
  for (const field of ['client_hostname', 'client_id', 'service', 'ssl_protocol', 'ssl_cipher']) {
    const value = body[field as keyof Question];
    if (typeof value === 'string' && (hasControls(value) || !value.isWellFormed())) {
      throw new BadQuestion(`body/${field} must have no control characters`);
    }
  }
  const client = addressOf('client_ip', body) ?? peer;
  const local = addressOf('local_ip', body);
  const tls = textOf(body.ssl_protocol);
  return {
    login: username,
    door: DOOR,
    client: { address: client, ...portOf('client_port', body) },
    ...(local === undefined ? {} : { local: { address: local, ...portOf('local_port', body) } }),
    ...optional('protocol', textOf(body.protocol)?.toLowerCase()),
    ...optional('method', textOf(body.method)?.toLowerCase()),
    ...optional('service', textOf(body.service)),
    ...optional('clientHost', textOf(body.client_hostname)),
    ...optional('clientId', textOf(body.client_id)),
    ...(tls === undefined
      ? {}
      : { tls: { protocol: tls, ...optional('cipher', textOf(body.ssl_cipher)) } }),
  };
}

/** The question can't be decided: 400, through the listener's error handler. */
class BadQuestion extends LoginRequestError {
  readonly statusCode = 400;
}

function addressOf(field: 'client_ip' | 'local_ip', body: Question): string | undefined {
  const value = textOf(body[field]);
  if (value === undefined || parseAddress(value) !== undefined) return value;
  throw new BadQuestion(`body/${field} must be an IPv4 or IPv6 address`);
}

function portOf(field: 'client_port' | 'local_port', body: Question): { port?: number } {
  const value = body[field];
  if (value === undefined || value === '') return {};
  const port = Number(value);
  if (port > 65535) throw new BadQuestion(`body/${field} must be a port, 0 to 65535`);
  return { port };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function optional<Name extends string>(
  name: Name,
  value: string | undefined,
): { [K in Name]?: string } {
  return (value === undefined ? {} : { [name]: value }) as { [K in Name]?: string };
}

function hasControls(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\x00-\x1f\x7f]/.test(value);
}
